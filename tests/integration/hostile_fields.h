// Every field of a message with every value at the edge, for tests that no input ends in a bug.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>

namespace joulebook {

// One field with one value at the edge after the other.
struct HostileField {
  using Message = google::protobuf::Message;
  using Field = google::protobuf::FieldDescriptor;

  // Calls `then` while the field has each of the values.
  static void Each(Message& owner, const Field& field, const std::function<void()>& then) {
    const std::unique_ptr<Message> before(owner.New());
    before->CopyFrom(owner);
    const auto with = [&](const auto& set) {
      set(*owner.GetReflection());
      then();
      owner.CopyFrom(*before);
    };
    with([&](const auto& access) { access.ClearField(&owner, &field); });
    using Limits = std::numeric_limits<int64_t>;
    for (const int64_t value :
         {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{999}, int64_t{1'000'001}, Limits::max(),
          Limits::max() - 1, Limits::min()}) {
      with([&](const auto& access) { SetNumber(access, owner, field, value); });
    }
    if (field.cpp_type() != Field::CPPTYPE_STRING) return;
    for (const std::string& text :
         {std::string("x"), std::string("constants\0x", 11), std::string(3'000, 'a'),
          std::string("00000000-0000-0000-0000-000000000000"),
          std::string("ffffffff-ffff-ffff-ffff-ffffffffffff"), std::string("\xc3\xa9/\t")}) {
      with([&](const auto& access) {
        field.is_repeated() ? access.AddString(&owner, &field, text)
                            : access.SetString(&owner, &field, text);
      });
    }
  }

 private:
  static void SetNumber(const google::protobuf::Reflection& access, Message& owner,
                        const Field& field, int64_t value) {
    const auto small = static_cast<int32_t>(value);
    const bool adds = field.is_repeated();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32:
        adds ? access.AddInt32(&owner, &field, small) : access.SetInt32(&owner, &field, small);
        break;
      case Field::CPPTYPE_INT64:
        adds ? access.AddInt64(&owner, &field, value) : access.SetInt64(&owner, &field, value);
        break;
      case Field::CPPTYPE_UINT64:
        if (!adds) access.SetUInt64(&owner, &field, static_cast<uint64_t>(value));
        break;
      case Field::CPPTYPE_ENUM:
        if (!adds) access.SetEnumValue(&owner, &field, small);
        break;
      case Field::CPPTYPE_BOOL:
        if (!adds) access.SetBool(&owner, &field, value != 0);
        break;
      default:
        break;
    }
  }
};

// Calls `then` once for each field of the message, those inside of messages too, and each value at
// the edge, the field left out included. The message is as before afterwards.
inline void ForEachHostileValue(google::protobuf::Message& owner,
                                const std::function<void()>& then) {
  using Field = google::protobuf::FieldDescriptor;
  const auto& access = *owner.GetReflection();
  for (int i = 0; i < owner.GetDescriptor()->field_count(); ++i) {
    const Field& field = *owner.GetDescriptor()->field(i);
    HostileField::Each(owner, field, then);
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    if (!field.is_repeated() && access.HasField(owner, &field)) {
      ForEachHostileValue(*access.MutableMessage(&owner, &field), then);
    } else if (field.is_repeated() && access.FieldSize(owner, &field) > 0) {
      ForEachHostileValue(*access.MutableRepeatedMessage(&owner, &field, 0), then);
    }
  }
}

}  // namespace joulebook
