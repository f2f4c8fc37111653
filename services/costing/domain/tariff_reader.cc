#include "services/costing/domain/tariff_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

constexpr int kMaxDepth = 8;
// Longer than any number that passes the other checks.
constexpr std::size_t kMaxNumberLength = 40;

const nlohmann::json& EmptyObject() {
  static const auto* const empty = new nlohmann::json(nlohmann::json::object());
  return *empty;
}

}  // namespace

TariffReader::TariffReader(const nlohmann::json& value, std::string place, Document& document)
    : value_(&value), place_(std::move(place)), document_(&document) {
  if (value.is_object()) return;
  Refuse("", "must be an object");
  value_ = &EmptyObject();
}

std::string TariffReader::Text(const std::string& key) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  Refuse(key, "must be a text");
  return "";
}

int64_t TariffReader::Whole(const std::string& key, int64_t smallest, int64_t largest) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return smallest;
  const bool fits =
      value->is_number_integer() &&
      !(value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(largest)) &&
      value->get<int64_t>() >= smallest && value->get<int64_t>() <= largest;
  if (fits) return value->get<int64_t>();
  Refuse(key, absl::StrCat("must be a whole number from ", smallest, " to ", largest));
  return smallest;
}

Rational TariffReader::Fraction(const std::string& key, const Rational& smallest,
                                const Rational& largest) {
  const std::string text = Text(key);
  if (!ok()) return smallest;
  if (text.size() > kMaxNumberLength) {
    Refuse(key, absl::StrCat("must have at most ", kMaxNumberLength, " characters"));
    return smallest;
  }
  const absl::StatusOr<Rational> number = Rational::Parse(text);
  if (!number.ok()) {
    Refuse(key, "must be a number in a text, such as \"0.001\" or \"2/3\"");
  } else if (*number < smallest || *number > largest) {
    Refuse(key, absl::StrCat("must be from ", smallest.ToString(), " to ", largest.ToString()));
  } else if (number->ToString() != text) {
    Refuse(key, absl::StrCat("must be written ", number->ToString()));
  } else if (!SharesDenominator(*number)) {
    Refuse(key, absl::StrCat("must have a common denominator with the numbers before, of at most ",
                             kMaxCommonDenominator));
  } else {
    return *number;
  }
  return smallest;
}

bool TariffReader::SharesDenominator(const Rational& number) {
  const auto common = number.CommonDenominator(document_->common_denominator);
  if (!common.has_value() || *common > kMaxCommonDenominator) return false;
  document_->common_denominator = *common;
  return true;
}

std::size_t TariffReader::OneOf(const std::string& key, std::span<const char* const> names) {
  const std::string text = Text(key);
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string known;
  for (const char* const name : names) absl::StrAppend(&known, known.empty() ? "" : ", ", name);
  Refuse(key, absl::StrCat("must be one of ", known));
  return 0;
}

bool TariffReader::Flag(const std::string& key) {
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Refuse(key, "must be true or false");
  return false;
}

bool TariffReader::Has(const std::string& key) const { return value_->contains(key); }

TariffReader TariffReader::Object(const std::string& key) {
  const nlohmann::json* const value = Find(key);
  return {value == nullptr ? EmptyObject() : *value, PlaceOf(key), *document_};
}

void TariffReader::CheckList(const std::string& key, const nlohmann::json& value) {
  if (!value.is_array()) Refuse(key, "must be a list");
  if (value.size() > kMaxListed) {
    Refuse(key, absl::StrCat("must have at most ", kMaxListed, " entries"));
  }
}

std::vector<TariffReader> TariffReader::Objects(const std::string& key) {
  std::vector<TariffReader> objects;
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return objects;
  CheckList(key, *value);
  for (std::size_t i = 0; ok() && i < value->size(); ++i) {
    objects.emplace_back((*value)[i], absl::StrCat(PlaceOf(key), "[", i, "]"), *document_);
  }
  return objects;
}

std::vector<std::string> TariffReader::Texts(const std::string& key) {
  std::vector<std::string> texts;
  const nlohmann::json* const value = Find(key);
  if (value == nullptr) return texts;
  CheckList(key, *value);
  for (std::size_t i = 0; ok() && i < value->size(); ++i) {
    if ((*value)[i].is_string()) {
      texts.push_back((*value)[i].get<std::string>());
    } else {
      Refuse(absl::StrCat(key, "[", i, "]"), "must be a text");
    }
  }
  return texts;
}

std::vector<std::string> TariffReader::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : value_->items()) keys.push_back(key);
  return keys;
}

void TariffReader::End() {
  for (const std::string& key : Keys()) {
    if (!read_.contains(key)) Refuse(key, "is not known");
  }
}

void TariffReader::Refuse(std::string_view key, std::string_view what) {
  if (ok()) document_->problem = TariffInvalid(PlaceOf(key), what);
}

std::string TariffReader::PlaceOf(std::string_view key) const {
  if (key.empty()) return place_.empty() ? "document" : place_;
  return place_.empty() ? std::string(key) : absl::StrCat(place_, ".", ToAbsl(key));
}

const nlohmann::json* TariffReader::Find(const std::string& key) {
  read_.insert(key);
  if (!ok()) return nullptr;
  const auto found = value_->find(key);
  if (found != value_->end()) return &*found;
  Refuse(key, "is missing");
  return nullptr;
}

absl::StatusOr<nlohmann::json> ParseJson(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  absl::Status problem;
  using Event = nlohmann::json::parse_event_t;
  const auto watch = [&](int depth, Event event, nlohmann::json& parsed) {
    if (depth > kMaxDepth && problem.ok()) problem = TariffInvalid("document", "is too deep");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second &&
        problem.ok()) {
      problem = TariffInvalid(parsed.get<std::string>(), "is there twice");
    }
    return true;
  };
  nlohmann::json value = nlohmann::json::parse(text, watch, /*allow_exceptions=*/false);
  if (!problem.ok()) return problem;
  if (value.is_discarded() || !value.is_object()) {
    return TariffInvalid("document", "must be a JSON object");
  }
  return value;
}

}  // namespace joulebook::costing
