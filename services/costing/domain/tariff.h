// A tariff: what every operation costs, as one immutable document. docs/reference/tariff.md
// explains each element; services/costing/domain/tariff_document.h reads and checks the text.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/ids/uuid.h"
#include "common/time/clock.h"
#include "services/costing/domain/proof_of_work.h"

namespace joulebook::costing {

// The parts of a price, in the order of the source (SPEC 3.2). They sum to the total.
enum class Part { kComputation, kStorage, kNetwork, kProofOfWork };

// The quantity that a term multiplies its rate with.
enum class Quantity {
  kOperations,        // 1
  kKilobytes,         // data size
  kMegabytes,         // data size
  kCopyMegabytes,     // data size times copies
  kNodeMegabytes,     // data size times nodes
  kGigabyteDays,      // data size times duration
  kNodes,             // nodes asked, announced to, or recipients
  kResults,           // expected or found results
  kSeconds,           // of the time limit
  kLateMilliseconds,  // latency above the tariff's threshold
};

// The scales of a term beside its quantity.
enum class Scale { kDurability, kRedundancy, kReliability, kBroadcast };

enum class Durability { kHot, kWarm, kCold, kFrozen };
enum class Priority { kLow, kNormal, kHigh, kUrgent };
enum class Complexity { kSimple, kModerate, kComplex };
// The names that documents have for these, by their numbers.
inline constexpr std::array kPartNames = {"computation", "storage", "network", "proof_of_work"};
inline constexpr std::size_t kParts = kPartNames.size();
inline constexpr std::array kQuantityNames = {
    "operations",    "kilobytes", "megabytes", "copy_megabytes", "node_megabytes",
    "gigabyte_days", "nodes",     "results",   "seconds",        "late_milliseconds"};
inline constexpr std::array kScaleNames = {"durability", "redundancy", "reliability", "broadcast"};
inline constexpr std::array kDurabilityNames = {"hot", "warm", "cold", "frozen"};
inline constexpr std::array kPriorityNames = {"low", "normal", "high", "urgent"};
inline constexpr std::array kComplexityNames = {"simple", "moderate", "complex"};

// A price by bands of the quantity of one quote. Bands are half open and without gaps: each begins
// where the one before ends; the last has no end.
struct Tier {
  std::optional<Rational> up_to;
  Rational joules;
};
enum class Tiering {
  kGraduated,  // each unit at the price of its own band
  kVolume,     // all units at the price of the band that the quantity is in
};
struct Rate {
  Tiering tiering = Tiering::kGraduated;
  std::vector<Tier> tiers;  // at least one
};

struct Term {
  Part part = Part::kComputation;
  std::string rate_name;
  Rate rate;
  Quantity quantity = Quantity::kOperations;
  Rational times = 1;  // how often the operation does it
  std::vector<Scale> scales;
};

// A role of the accounts that may be credited, by the numbers of the ledger's AccountRole.
enum class PayeeRole { kProvider = 2, kFees = 4, kEscrow = 5, kSink = 6 };

// Who may be credited with a price.
struct Payee {
  enum class Kind {
    kRole,      // any account of the role
    kAccount,   // the account `id`
    kProvider,  // an account of the provider `id`; nil in a tariff, where the quote names it
  };
  Kind kind = Kind::kRole;
  PayeeRole role = PayeeRole::kEscrow;
  Uuid id;

  bool operator==(const Payee&) const = default;
};

struct OperationPrice {
  std::vector<Term> terms;
  Rational minimum_joules;  // of computation, storage and network, for each one
  bool asks_proof_of_work = true;
  std::optional<Payee> payee;  // instead of the tariff's
};

// A dearer or cheaper time of the day: [from, to) in minutes of the local day.
struct TimeWindow {
  std::string name;
  std::array<bool, 7> weekdays{};  // Monday first
  int32_t from_minute = 0;
  int32_t to_minute = 0;
  Rational factor = 1;
};

// How the price of a class of operations follows demand, in the manner of EIP-1559.
struct CongestionClass {
  std::string name;
  int64_t target = 1;  // operations in a period at which the price stays as it is
};
struct CongestionRule {
  int64_t period_s = 1;
  int64_t max_step_ppm = 0;         // the most that a period moves the price, millionths of it
  int64_t floor_ppm = 1'000'000;    // of the tariff's price: never below what it costs
  int64_t ceiling_ppm = 1'000'000;  // of the tariff's price
  std::vector<CongestionClass> classes;
  std::map<int32_t, std::size_t> class_of;  // index in `classes` by operation type
};

// Who gets what of a charge, millionths; they sum to a million.
enum class Recipient { kCreator, kStorageProviders, kNetworkProviders, kFund };
inline constexpr std::array kRecipientNames = {"creator", "storage", "network", "fund"};
inline constexpr std::size_t kRecipients = kRecipientNames.size();

// The sources of earnings beside the share of the charges (facts: no source has numbers).
enum class EarningSource { kStorage, kNetwork, kGeographic };
inline constexpr std::array kEarningSourceNames = {"storage", "network", "geographic"};
inline constexpr std::size_t kEarningSources = kEarningSourceNames.size();

enum class Stacking {
  kMultiply,  // each takes its share of what the one before left
  kAdd,       // the shares are added up
};

struct Tariff {
  std::string name;
  int64_t version = 0;
  Time effective;
  Rounding rounding = Rounding::kHalfUp;

  int64_t kilobyte_bytes = 0;
  int64_t megabyte_bytes = 0;
  int64_t gigabyte_bytes = 0;

  std::map<std::string, Rate> rates;
  std::map<int32_t, OperationPrice> operations;  // by number of joulebook.type.v1.OperationType

  std::array<Rational, kDurabilityNames.size()> durability;
  Rational first_copy = 1;
  Rational further_copy = 1;
  int32_t max_copies = 1;
  int64_t latency_threshold_ms = 0;
  Rational broadcast_factor = 1;
  Rational reliability_discount;  // taken off at a reliability of 1, in proportion below
  std::array<Rational, kPriorityNames.size()> priority;
  std::array<Rational, kComplexityNames.size()> complexity;
  ProofOfWorkRates proof_of_work;
  absl::TimeZone zone;              // of the windows
  std::vector<TimeWindow> windows;  // at most one holds at any time
  // The storage price times highest - slope x utility.
  Rational utility_highest = 1;
  Rational utility_slope = 0;

  Rational batch_discount;  // from two operations on
  int64_t max_batch = 1;
  Stacking stacking = Stacking::kMultiply;
  Rational discount_cap;                      // the most that all discounts together take off
  std::map<std::string, Rational> discounts;  // by name: the share taken off

  int64_t max_nodes = 0;
  int64_t max_timeout_ms = 0;
  int64_t max_results = 0;
  int64_t max_concurrent_searches = 0;

  CongestionRule congestion;
  Payee payee;
  std::array<int64_t, kRecipients> revenue_ppm{};
  std::array<Rational, kEarningSources> earning_joules;  // for one unit of the source
  int64_t max_earning_factor_ppm = 0;
  // The most units of a source that a second can hold.
  std::array<int64_t, kEarningSources> earning_per_second{};
};

}  // namespace joulebook::costing
