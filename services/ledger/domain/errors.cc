#include "services/ledger/domain/errors.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace joulebook::ledger {
namespace {

absl::Status FailedPrecondition(std::string reason, std::string key, std::string value,
                                std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {std::move(reason), kErrorDomain, {{std::move(key), std::move(value)}}},
                   message);
}

}  // namespace

absl::Status FieldInvalid(std::string_view field, std::string_view rule) {
  return MakeFieldInvalid(kErrorDomain, field, rule);
}

absl::Status Overloaded(std::string_view queue, std::size_t limit) {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   {"OVERLOADED",
                    kErrorDomain,
                    {{"queue", std::string(queue)}, {"limit", std::to_string(limit)}}},
                   absl::StrCat("the queue of ", ToAbsl(queue), " is full"));
}

absl::Status ClockSkewed(std::string_view clock, Duration skew, Duration limit) {
  const auto ms = [](Duration duration) {
    return std::to_string(duration / std::chrono::milliseconds(1));
  };
  return MakeError(
      absl::StatusCode::kUnavailable,
      {"CLOCK_SKEWED",
       kErrorDomain,
       {{"clock", std::string(clock)}, {"skew_ms", ms(skew)}, {"limit_ms", ms(limit)}}},
      absl::StrCat("the clock of the ", ToAbsl(clock), " is off the database's by ", ms(skew),
                   " ms, beyond the limit of ", ms(limit), " ms"));
}

absl::Status NotFound(std::string_view what, const Uuid& id) {
  return MakeError(absl::StatusCode::kNotFound,
                   {absl::StrCat(absl::AsciiStrToUpper(ToAbsl(what)), "_NOT_FOUND"),
                    kErrorDomain,
                    {{absl::StrCat(ToAbsl(what), "_id"), id.ToString()}}},
                   absl::StrCat("no ", ToAbsl(what), " has the id ", id.ToString()));
}

absl::Status AssetNotFound(std::string_view code) {
  return MakeError(absl::StatusCode::kNotFound,
                   {"ASSET_NOT_FOUND", kErrorDomain, {{"asset_code", std::string(code)}}},
                   absl::StrCat("no asset has the code ", ToAbsl(code)));
}

absl::Status DifferentContent(const Uuid& id, std::string_view field) {
  return MakeDifferentContent(kErrorDomain, id.ToString(), field);
}

absl::Status AccountNotEmpty(const Uuid& id) {
  return FailedPrecondition("ACCOUNT_NOT_EMPTY", "account_id", id.ToString(),
                            "an account can be closed when nothing is posted, reserved or pending");
}

absl::Status AccountClosed(const Uuid& id) {
  return FailedPrecondition("ACCOUNT_CLOSED", "account_id", id.ToString(),
                            "a closed account stays closed");
}

absl::Status OwnerHasNoKey(const Uuid& member) {
  return FailedPrecondition("OWNER_HAS_NO_KEY", "member_id", member.ToString(),
                            "signatures need an owner that was registered with a key");
}

absl::Status CheckpointNotFound(int64_t tree_size) {
  return MakeError(
      absl::StatusCode::kNotFound,
      {"CHECKPOINT_NOT_FOUND", kErrorDomain, {{"tree_size", std::to_string(tree_size)}}},
      tree_size == 0 ? std::string("the log has no checkpoint yet")
                     : absl::StrCat("the log has no checkpoint of size ", tree_size));
}

absl::Status NotSealedYet(int64_t position, int64_t tree_size) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      {"NOT_SEALED_YET",
       kErrorDomain,
       {{"position", std::to_string(position)}, {"tree_size", std::to_string(tree_size)}}},
      "the checkpoint does not cover the transfer");
}

absl::Status BalanceOutOfRange(const Uuid& account) {
  return MakeError(absl::StatusCode::kOutOfRange,
                   {"BALANCE_OUT_OF_RANGE", kErrorDomain, {{"account_id", account.ToString()}}},
                   "a balance or total of that instant does not fit 64 bits");
}

absl::Status TrialGrantRefused(int result) {
  return FailedPrecondition("TRIAL_GRANT_REFUSED", "result", std::to_string(result),
                            "the issuing account could not grant the trial");
}

}  // namespace joulebook::ledger
