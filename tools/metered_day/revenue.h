// Who gets what of the day's charges.
#pragma once

#include <map>
#include <string>

#include "common/ids/id_generator.h"
#include "joulebook/type/v1/quote.pb.h"
#include "services/costing/domain/tariff.h"
#include "tools/metered_day/ledger_client.h"

namespace joulebook::metered_day {

// The network's own accounts, by id.
struct NetworkAccounts {
  std::string revenue;   // where charges go, until they are split
  std::string creators;  // of the content
  std::string fund;
  std::string sink;  // takes what the proofs of work cost
};

// Adds up shares, each split exactly. The proof of work's part goes to the sink, the rest to
// creator, storage provider, network provider and fund as the tariff says.
class RevenueShares {
 public:
  RevenueShares(const costing::Tariff& tariff, NetworkAccounts accounts)
      : tariff_(tariff), accounts_(std::move(accounts)) {}

  absl::Status Add(const type::v1::QuoteTerms& terms, const std::string& storage_account,
                   const std::string& network_account);
  // Micro-joules by account; they sum to the charges that were added.
  const std::map<std::string, int64_t>& by_account() const { return by_account_; }
  int64_t charged() const { return charged_; }
  // Pays everybody's share from the revenue account, all or nothing. OK also where all have been
  // paid before: a revenue account is split once.
  absl::Status Pay(LedgerClient& ledger, IdGenerator& ids) const;

 private:
  const costing::Tariff& tariff_;
  const NetworkAccounts accounts_;
  std::map<std::string, int64_t> by_account_;
  int64_t charged_ = 0;
};

}  // namespace joulebook::metered_day
