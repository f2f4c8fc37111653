// A quote, as far as the ledger needs to know it: joulebook.type.v1.QuoteTerms has the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/ids/uuid.h"
#include "common/time/clock.h"
#include "services/ledger/domain/account.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// Who may be credited.
struct PayeeAccount {
  Uuid id;
  bool operator==(const PayeeAccount&) const = default;
};
struct PayeeProvider {  // an account of role PROVIDER that this member owns
  Uuid member;
  bool operator==(const PayeeProvider&) const = default;
};
using Payee = std::variant<AccountRole, PayeeAccount, PayeeProvider>;

struct Quote {
  Uuid id;
  Uuid member;  // who may pay with it
  Payee payee;
  int operation = 0;
  PricedUse priced;
  int64_t total = 0;  // micro-joules that each use moves
  int64_t uses = 1;
  int32_t reputation_ppm = 0;
  Time starts;
  Time expires;
  std::string tariff_hash;
  std::optional<Uuid> settles;  // the quote of the hold whose actual price this one states
  // For a session's slice: the settlement that must have been charged before.
  std::optional<Uuid> previous_settlement;
  bool is_signed = false;  // by a quote key that this ledger knows

  bool operator==(const Quote&) const = default;
};

}  // namespace joulebook::ledger
