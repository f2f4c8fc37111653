// Messages of a call on an arena of their own, and arenas that are used again: hardly an allocation
// where there were hundreds. Not for messages with a map: protobuf's maps have another layout in
// builds for ThreadSanitizer than in the library.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <memory>
#include <mutex>
#include <vector>

namespace joulebook {

// For SetMessageAllocatorFor_METHOD of a callback service; must outlive the server. Thread-safe.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override {
    std::unique_ptr<Holder> holder;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        holder = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (holder == nullptr) holder = std::make_unique<Holder>(*this);
    holder->Begin();
    return holder.release();
  }

 private:
  // More are given back to the heap.
  static constexpr std::size_t kMaxIdle = 256;

  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    explicit Holder(ArenaMessages& owner)
        : owner_(owner), arena_(first_block_, sizeof first_block_) {}
    void Begin() {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override {
      arena_.Reset();
      owner_.TakeBack(std::unique_ptr<Holder>(this));
    }

   private:
    ArenaMessages& owner_;
    alignas(8) char first_block_[6'000];  // what a call with one item needs
    google::protobuf::Arena arena_;
  };

  void TakeBack(std::unique_ptr<Holder> holder) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(holder));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Holder>> idle_;
};

}  // namespace joulebook
