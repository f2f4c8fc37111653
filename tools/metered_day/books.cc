#include "tools/metered_day/books.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace joulebook::metered_day {

using ledger::v1::Account;
using ledger::v1::Transfer;

void Deriver::Add(const Transfer& transfer) {
  Amounts& debit = accounts_[transfer.debit_account_id()];
  Amounts& credit = accounts_[transfer.credit_account_id()];
  const auto& request = transfer.request();
  const int64_t moved = transfer.moved_minor();
  const auto receive = [&](Amounts& amounts, const std::string& from, int64_t amount) {
    (roles_[from] == ledger::v1::ACCOUNT_ROLE_ISSUER ? amounts.granted : amounts.earned) += amount;
  };
  int64_t leaves_hold = 0;
  switch (request.kind()) {
    case ledger::v1::TRANSFER_KIND_RESERVE:
      holds_[request.id()] = moved;
      leaves_hold = -moved;
      break;
    case ledger::v1::TRANSFER_KIND_CHARGE:
    case ledger::v1::TRANSFER_KIND_RELEASE:
    case ledger::v1::TRANSFER_KIND_EXPIRE: {
      int64_t& remaining = holds_[request.target_id()];
      leaves_hold = request.keep_rest() ? moved : remaining;
      remaining -= leaves_hold;
      break;
    }
    default:
      break;
  }
  debit.reserved -= leaves_hold;
  credit.pending -= leaves_hold;
  if (request.kind() == ledger::v1::TRANSFER_KIND_POST ||
      request.kind() == ledger::v1::TRANSFER_KIND_CHARGE) {
    debit.posted -= moved;
    debit.spent += moved;
    credit.posted += moved;
    receive(credit, transfer.debit_account_id(), moved);
  } else if (request.kind() == ledger::v1::TRANSFER_KIND_REVERSE) {
    debit.posted -= moved;
    receive(debit, transfer.credit_account_id(), -moved);
    credit.posted += moved;
    credit.spent -= moved;
  }
}

std::string QuotedPrices::Add(const Transfer& transfer) {
  const auto& request = transfer.request();
  const bool is_reservation = request.kind() == ledger::v1::TRANSFER_KIND_RESERVE;
  const bool is_payment = request.kind() == ledger::v1::TRANSFER_KIND_POST ||
                          request.kind() == ledger::v1::TRANSFER_KIND_CHARGE;
  if (transfer.quote_id().empty() || !(is_reservation || is_payment)) return "";
  int64_t price = 0;
  if (request.has_quote()) {
    type::v1::QuoteTerms terms;
    if (!terms.ParseFromString(request.quote().terms())) {
      return absl::StrCat("transfer ", request.id(), " has no quote");
    }
    price = terms.total_microjoules();
  } else {
    price = reserved_[request.target_id()];
  }
  if (is_reservation) reserved_[request.id()] = price;
  charges_ += is_payment;
  if (transfer.moved_minor() == price) return "";
  return absl::StrCat("transfer ", request.id(), " moved ", transfer.moved_minor(),
                      " micro-joules, its price is ", price);
}

absl::StatusOr<Books> CheckBooks(LedgerClient& ledger) {
  std::vector<Account> reported;
  std::map<std::string, ledger::v1::AccountRole> roles;
  JB_RETURN_IF_ERROR(ledger.VisitAccounts([&](const Account& account) {
    reported.push_back(account);
    roles[account.id()] = account.role();
  }));
  Books books;
  Deriver deriver(std::move(roles));
  QuotedPrices prices;
  JB_RETURN_IF_ERROR(ledger.VisitTransfers([&](const Transfer& transfer) {
    std::string wrong_price = prices.Add(transfer);
    if (books.difference.empty()) books.difference = std::move(wrong_price);
    deriver.Add(transfer);
    ++books.transfers;
  }));
  books.accounts = deriver.accounts();
  books.quoted_charges = prices.charges();

  std::map<std::string, int64_t> sums;
  for (const Account& account : reported) {
    const auto& b = account.balances();
    const Amounts amounts{b.posted_minor(),  b.reserved_minor(), b.pending_minor(),
                          b.granted_minor(), b.earned_minor(),   b.spent_minor()};
    if (amounts != books.accounts[account.id()] && books.difference.empty()) {
      books.difference =
          absl::StrCat("account ", account.id(), " reports ", amounts.posted,
                       " posted, its transfers say ", books.accounts[account.id()].posted);
    }
    sums[account.asset_code()] += amounts.posted;
  }
  for (const auto& [asset, sum] : sums) {
    if (sum != 0 && books.difference.empty()) {
      books.difference = absl::StrCat("the accounts of ", asset, " sum to ", sum);
    }
  }
  return books;
}

}  // namespace joulebook::metered_day
