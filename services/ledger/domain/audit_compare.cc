#include "services/ledger/domain/audit_compare.h"

#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {
namespace {

std::string Show(int64_t value) { return absl::StrCat(value); }
std::string Show(Time value) { return absl::StrCat(value.time_since_epoch().count()); }
std::string Show(const Uuid& value) { return value.ToString(); }
std::string Show(const AssetCode& value) { return value.ToString(); }
template <typename E>
requires std::is_enum_v<E> std::string Show(E value) {
  return absl::StrCat(static_cast<int>(value));
}
template <typename T>
std::string Show(const std::optional<T>& value) {
  return value.has_value() ? Show(*value) : "absent";
}

// Compares field after field and keeps the first difference.
class Comparison {
 public:
  template <typename T>
  Comparison& Field(const char* name, const T& expected, const T& found) {
    if (!difference_.has_value() && expected != found) {
      difference_ = absl::StrCat(name, " should be ", Show(expected), " and is ", Show(found));
    }
    return *this;
  }
  // For values too long, or too binary, to show.
  template <typename T>
  Comparison& Whole(const char* name, const T& expected, const T& found) {
    if (!difference_.has_value() && expected != found) {
      difference_ = absl::StrCat(name, " is not the one in the log");
    }
    return *this;
  }
  Comparison& Add(Difference other) {
    if (!difference_.has_value()) difference_ = std::move(other);
    return *this;
  }
  Difference difference() const { return difference_; }

 private:
  Difference difference_;
};

}  // namespace

Difference Compare(const Balances& a, const Balances& b) {
  return Comparison()
      .Field("posted", a.posted, b.posted)
      .Field("reserved", a.reserved, b.reserved)
      .Field("pending", a.pending, b.pending)
      .Field("granted", a.granted, b.granted)
      .Field("earned", a.earned, b.earned)
      .Field("spent", a.spent, b.spent)
      .Field("version", a.version, b.version)
      .difference();
}

Difference Compare(const Member& a, const Member& b) {
  return Comparison()
      .Whole("public_key", a.public_key, b.public_key)
      .Whole("display_name", a.display_name, b.display_name)
      .Field("trial_transfer_id", a.trial_transfer, b.trial_transfer)
      .Field("number", a.number, b.number)
      .Field("registered", a.registered, b.registered)
      .Add(Compare(a.reputation, b.reputation))
      .difference();
}

Difference Compare(const Reputation& a, const Reputation& b) {
  return Comparison()
      .Field("overall_ppm", a.overall_ppm, b.overall_ppm)
      .Field("quality_ppm", a.quality_ppm, b.quality_ppm)
      .Field("contribution_ppm", a.contribution_ppm, b.contribution_ppm)
      .Field("behavior_ppm", a.behavior_ppm, b.behavior_ppm)
      .Field("social_ppm", a.social_ppm, b.social_ppm)
      .Field("violations", a.violations, b.violations)
      .Field("severity_sum_ppm", a.severity_sum_ppm, b.severity_sum_ppm)
      .Field("changes", a.changes, b.changes)
      .difference();
}

Difference Compare(const ReputationChange& a, const ReputationChange& b) {
  return Comparison()
      .Field("member_id", a.command.member, b.command.member)
      .Field("sequence", a.sequence, b.sequence)
      .Field("recorded", a.recorded, b.recorded)
      .Field("cause", a.command.cause, b.command.cause)
      .Field("quality_ppm", a.command.quality_ppm, b.command.quality_ppm)
      .Field("contribution_ppm", a.command.contribution_ppm, b.command.contribution_ppm)
      .Field("behavior_ppm", a.command.behavior_ppm, b.command.behavior_ppm)
      .Field("social_ppm", a.command.social_ppm, b.command.social_ppm)
      .Field("violation_severity_ppm", a.command.violation_severity_ppm,
             b.command.violation_severity_ppm)
      .Whole("note", a.command.note, b.command.note)
      .Add(Compare(a.after, b.after))
      .difference();
}

Difference Compare(const Account& a, const Account& b) {
  return Comparison()
      .Field("owner_id", a.owner, b.owner)
      .Field("asset", a.asset, b.asset)
      .Field("role", a.role, b.role)
      .Field("lower_limit", a.lower_limit, b.lower_limit)
      .Field("upper_limit", a.upper_limit, b.upper_limit)
      .Field("state", a.state, b.state)
      .Field("requires_signature", a.requires_signature, b.requires_signature)
      .Whole("metadata", a.metadata, b.metadata)
      .Field("opened", a.opened, b.opened)
      .difference();
}

Difference Compare(const Hold& a, const Hold& b) {
  return Comparison()
      .Field("debit_id", a.debit, b.debit)
      .Field("credit_id", a.credit, b.credit)
      .Field("asset", a.asset, b.asset)
      .Field("operation", a.operation, b.operation)
      .Field("amount", a.amount, b.amount)
      .Field("remaining", a.remaining, b.remaining)
      .Field("state", a.state, b.state)
      .Field("expires", a.expires, b.expires)
      .Field("quote_id", a.quote_id, b.quote_id)
      .Whole("tariff_hash", a.tariff_hash, b.tariff_hash)
      .Field("once_key", a.once_key, b.once_key)
      .difference();
}

Difference Compare(const BookHead& a, const BookHead& b) {
  return Comparison()
      .Field("last_position", a.last_position, b.last_position)
      .Field("states_position", a.states_position, b.states_position)
      .Field("last_recorded", a.last_recorded, b.last_recorded)
      .Field("member_count", a.member_count, b.member_count)
      .Whole("head_hash", a.leaf_hash, b.leaf_hash)
      .difference();
}

}  // namespace joulebook::ledger
