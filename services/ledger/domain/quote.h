// A quote, as far as the ledger needs to know it: joulebook.type.v1.QuoteTerms has the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids/uuid.h"
#include "common/time/clock.h"

namespace joulebook::ledger {

struct Quote {
  Uuid id;
  Uuid member;  // who may pay with it
  int operation = 0;
  int64_t total = 0;  // micro-joules that all its uses together may take
  int64_t count = 1;  // uses
  int32_t reputation_ppm = 0;
  Time starts;
  Time expires;
  std::string tariff_hash;
  std::optional<Uuid> settles;  // the quote of the hold whose actual price this one states
  bool is_signed = false;       // by a quote key that this ledger knows

  bool operator==(const Quote&) const = default;
};

// What was used of a quote so far.
struct QuoteUse {
  int64_t count = 0;
  int64_t amount = 0;
};

}  // namespace joulebook::ledger
