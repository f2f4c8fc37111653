// The content of the log beside transfers: every other record that a later decision depends on.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/status/status.h"
#include "services/ledger/domain/account.h"
#include "services/ledger/domain/member.h"

namespace joulebook::ledger {

struct AccountStateChange {
  Uuid account;
  AccountState state = AccountState::kOpen;

  bool operator==(const AccountStateChange&) const = default;
};

// A member with the reputation that all begin with, an account that is open and empty, a change of
// an account's state, a change of a reputation.
using RecordContent = std::variant<Member, Account, AccountStateChange, ReputationChange>;

// The alternatives of RecordContent, in their order.
enum class RecordKind { kMember = 1, kAccount = 2, kAccountState = 3, kReputation = 4 };

struct BookRecord {
  int64_t position = 0;  // in the log, which transfers share
  // When the log took it. Later than what the content says of itself only where the book held the
  // content before the log did.
  Time recorded;
  RecordContent content;

  RecordKind kind() const { return static_cast<RecordKind>(content.index() + 1); }
  // The member or account that it is about.
  const Uuid& subject() const;
  bool operator==(const BookRecord&) const = default;
};

// Its leaf in the Merkle log; the layout of docs/reference/canonical-bytes.md.
std::string CanonicalBytes(const BookRecord& record);

// The record with these canonical bytes; INVALID_ARGUMENT for anything that CanonicalBytes would
// not have written.
absl::StatusOr<BookRecord> ParseRecord(std::string_view bytes);

}  // namespace joulebook::ledger
