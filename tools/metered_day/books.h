// Checking the books from outside: every balance once more, from the transfers alone.
#pragma once

#include <map>
#include <string>

#include "tools/metered_day/ledger_client.h"

namespace joulebook::metered_day {

// Amounts of one account in minor units.
struct Amounts {
  int64_t posted = 0;
  int64_t reserved = 0;
  int64_t pending = 0;
  int64_t granted = 0;
  int64_t earned = 0;
  int64_t spent = 0;

  bool operator==(const Amounts&) const = default;
};

// Holds the quoted transfers of the book against their quotes.
class QuotedPrices {
 public:
  // The next transfer in book order. Empty, or how a charge or post is not exactly its price: that
  // of its own quote, else that of its reservation's.
  std::string Add(const ledger::v1::Transfer& transfer);

  int64_t charges() const { return charges_; }  // with a quote so far

 private:
  std::map<std::string, int64_t> reserved_;  // price of each quoted hold, micro-joules
  int64_t charges_ = 0;
};

struct Books {
  std::map<std::string, Amounts> accounts;  // as the transfers say
  int64_t transfers = 0;
  int64_t quoted_charges = 0;
  // Empty when the ledger's balances are those of the transfers, every asset sums to 0 and every
  // quoted charge is exactly its price; else the first difference.
  std::string difference;
};

// Derives the amounts from transfers that come in book order.
class Deriver {
 public:
  explicit Deriver(std::map<std::string, ledger::v1::AccountRole> roles)
      : roles_(std::move(roles)) {}

  void Add(const ledger::v1::Transfer& transfer);
  const std::map<std::string, Amounts>& accounts() const { return accounts_; }

 private:
  std::map<std::string, ledger::v1::AccountRole> roles_;
  std::map<std::string, Amounts> accounts_;
  std::map<std::string, int64_t> holds_;  // what remains of each
};

absl::StatusOr<Books> CheckBooks(LedgerClient& ledger);

}  // namespace joulebook::metered_day
