// Reads one JSON object of a tariff, and says where it is wrong. The first problem is kept; after
// it everything reads as empty, so that callers check once, at the end.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/money/rational.h"

namespace joulebook::costing {

// Limits the work that a tariff makes: a price multiplies some twenty of its numbers and adds
// up some hundred terms, so a common denominator of this size keeps every number of a bill below
// 2 000 digits.
inline constexpr int64_t kMaxCommonDenominator = 1'000'000'000'000'000'000;
inline constexpr std::size_t kMaxListed = 32;

class TariffReader {
 public:
  // The state that all objects of a document share.
  struct Document {
    absl::Status problem;            // the first one
    int64_t common_denominator = 1;  // of the fractions that were read
  };
  TariffReader(const nlohmann::json& value, std::string place, Document& document);

  std::string Text(const std::string& key);
  int64_t Whole(const std::string& key, int64_t smallest, int64_t largest);
  // A text that reads as a fraction, written as Rational writes it. All of a document have a common
  // denominator of kMaxCommonDenominator at most: 18 decimals, if all are decimal.
  Rational Fraction(const std::string& key, const Rational& smallest, const Rational& largest);
  // The index in `names` of the key's text.
  std::size_t OneOf(const std::string& key, std::span<const char* const> names);
  bool Flag(const std::string& key);
  bool Has(const std::string& key) const;
  TariffReader Object(const std::string& key);
  // Lists of at most kMaxListed.
  std::vector<TariffReader> Objects(const std::string& key);
  std::vector<std::string> Texts(const std::string& key);
  // The keys, for objects whose keys are names.
  std::vector<std::string> Keys() const;

  // Refuses keys that nothing read. Call when done with the object.
  void End();
  // Refuses the document at a key of this object, or at the object itself for an empty key.
  void Refuse(std::string_view key, std::string_view what);
  bool ok() const { return document_->problem.ok(); }

 private:
  std::string PlaceOf(std::string_view key) const;
  // The value of a key, or null after refusing.
  const nlohmann::json* Find(const std::string& key);
  // Refuses what is no list, or too long.
  void CheckList(const std::string& key, const nlohmann::json& value);
  bool SharesDenominator(const Rational& number);

  const nlohmann::json* value_;
  std::string place_;
  Document* document_;
  std::set<std::string> read_;
};

// The document's JSON. Errors: TARIFF_INVALID for text that is no JSON object, has a key twice, or
// is too deep.
absl::StatusOr<nlohmann::json> ParseJson(std::string_view text);

}  // namespace joulebook::costing
