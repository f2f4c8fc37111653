#include "services/ledger/store/pg_store.h"

#include <limits>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"
#include "common/db/arrays.h"
#include "common/status/check.h"
#include "services/ledger/domain/balances.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/store/book_session.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

constexpr int64_t kBeforeAll = 0;
constexpr int64_t kAfterAll = std::numeric_limits<int64_t>::max();
// Positions that one read of all transfers goes over at most: no index leaves the refused ones out.
// 5 MB, which take some 10 ms.
constexpr int64_t kMaxPositionsRead = 10'000;

// The key range (exclusive) that a page leaves.
std::pair<int64_t, int64_t> KeyRange(const Page& page) {
  if (page.newest_first) return {kBeforeAll, page.after.value_or(kAfterAll)};
  return {page.after.value_or(kBeforeAll), kAfterAll};
}

// Cuts the range (exclusive) of a book up to `last` to what one read may go over. Where that leaves
// something out, the position to go on from.
std::optional<int64_t> CutToOneRead(bool newest_first, int64_t last, int64_t& after,
                                    int64_t& before) {
  after = std::max(after, kBeforeAll);
  before = std::clamp(before, kBeforeAll, last + 1);
  if (before - after - 1 <= kMaxPositionsRead) return std::nullopt;
  if (newest_first) {
    after = before - 1 - kMaxPositionsRead;
    return after + 1;
  }
  before = after + 1 + kMaxPositionsRead;
  return before - 1;
}

std::string OneId(const Uuid& id) { return UuidArrayLiteral({&id, 1}); }

const Balances& BalancesOf(const TransferRecord& record, const Uuid& account) {
  return record.debit == account ? record.debit_after : record.credit_after;
}

int64_t NewestPosition(pqxx::transaction_base& transaction) {
  return transaction.exec1(sql::kLastPosition)[0].as<int64_t>();
}

int64_t PositionBefore(Time time, pqxx::transaction_base& transaction) {
  return transaction.exec_params(sql::kPositionBefore, ToMicros(time))[0][0].as<int64_t>();
}

// The balances after the account's last transfer up to `position`.
Balances BalancesAtPosition(const Uuid& account, int64_t position,
                            pqxx::transaction_base& transaction) {
  const pqxx::result rows =
      transaction.exec_params(sql::kLastTransferOf, account.ToString(), position);
  return rows.empty() ? Balances() : BalancesOf(ReadTransfer(rows[0]), account);
}

// Nothing if they do not fit 64 bits.
std::optional<Balances> ShiftByEffectiveTime(const Uuid& account, Time at, int64_t position,
                                             pqxx::transaction_base& transaction,
                                             const Balances& balances) {
  BalancesSum sum(balances);
  for (const auto& row :
       transaction.exec_params(sql::kDatedShift, account.ToString(), ToMicros(at), position)) {
    absl::int128 moved = 0;
    JB_CHECK(absl::SimpleAtoi(row[3].c_str(), &moved));
    const TransferEffect effect =
        EffectOf(static_cast<TransferKind>(row[0].as<int>()), 1, 0, row[2].as<bool>());
    sum.Add(row[1].as<bool>() ? effect.debit : effect.credit, static_cast<Int128>(moved));
  }
  return sum.Result();
}

class PgStore final : public Store {
 public:
  PgStore(const Database& database, PgStoreOptions options)
      : database_(database),
        health_(options.connection.connection, options.commit_timeout, options.guard,
                database.clock),
        session_(database, std::move(options.connection), options.guard, health_,
                 options.cached_items) {}

  absl::Status Commit(const ViewKeys& keys, Duration timeout, const Decision& decide) override {
    return session_.Commit(keys, timeout, decide);
  }

  absl::Status CheckWritable() override { return health_.Check(); }

  absl::StatusOr<std::vector<Asset>> ListAssets(Duration timeout) override {
    return ReadAll<Asset>(timeout, ReadAsset,
                          [](pqxx::transaction_base& tx) { return tx.exec(sql::kAssets); });
  }

  absl::StatusOr<std::optional<Member>> FindMember(const Uuid& id, Duration timeout) override {
    return FindOne<Member>(sql::kMembers, id, timeout, ReadMember);
  }

  absl::StatusOr<std::vector<Member>> ListMembers(const Page& page, Duration timeout) override {
    return ReadAll<Member>(timeout, ReadMember, [&](pqxx::transaction_base& tx) {
      const auto [after, before] = KeyRange(page);
      return page.newest_first ? tx.exec_params(sql::kMembersDown, before, page.limit)
                               : tx.exec_params(sql::kMembersUp, after, page.limit);
    });
  }

  absl::StatusOr<std::vector<ReputationChange>> ListReputationChanges(const Uuid& member,
                                                                      const Page& page,
                                                                      Duration timeout) override {
    return ReadAll<ReputationChange>(
        timeout, ReadReputationChange, [&](pqxx::transaction_base& tx) {
          const auto [after, before] = KeyRange(page);
          return page.newest_first
                     ? tx.exec_params(sql::kReputationDown, before, page.limit, member.ToString())
                     : tx.exec_params(sql::kReputationUp, after, page.limit, member.ToString());
        });
  }

  absl::StatusOr<std::optional<Account>> FindAccount(const Uuid& id, Duration timeout) override {
    return FindOne<Account>(sql::kAccounts, id, timeout, ReadAccount);
  }

  absl::StatusOr<std::vector<Account>> ListAccounts(const std::optional<Uuid>& owner,
                                                    const std::optional<Uuid>& after, int limit,
                                                    Duration timeout) override {
    return ReadAll<Account>(timeout, ReadAccount, [&](pqxx::transaction_base& tx) {
      const std::string from = after.value_or(Uuid::Nil()).ToString();
      return owner.has_value()
                 ? tx.exec_params(sql::kListAccountsOfOwner, from, limit, owner->ToString())
                 : tx.exec_params(sql::kListAccounts, from, limit);
    });
  }

  absl::StatusOr<Balances> BalancesAtRecorded(const Uuid& account, Time at,
                                              Duration timeout) override {
    Balances balances;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      balances = BalancesAtPosition(account, PositionBefore(at + Duration(1), tx), tx);
    }));
    return balances;
  }

  absl::StatusOr<Balances> BalancesAtEffective(const Uuid& account, Time at,
                                               Duration timeout) override {
    std::optional<Balances> balances;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      const int64_t position = PositionBefore(at + Duration(1), tx);
      balances = ShiftByEffectiveTime(account, at, position, tx,
                                      BalancesAtPosition(account, position, tx));
    }));
    if (!balances.has_value()) return BalanceOutOfRange(account);
    return *balances;
  }

  absl::StatusOr<std::optional<TransferRecord>> FindTransfer(const Uuid& id,
                                                             Duration timeout) override {
    JB_ASSIGN_OR_RETURN(auto record,
                        FindOne<TransferRecord>(sql::kTransfers, id, timeout, ReadTransfer));
    if (record.has_value() && !record->is_committed()) record.reset();
    return record;
  }

  absl::StatusOr<TransferPage> ListTransfers(const TransferFilter& filter, const Page& page,
                                             Duration timeout) override {
    TransferPage listed;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      listed = {};
      for (const auto& row : SelectTransfers(filter, page, tx, listed.read_to)) {
        listed.transfers.push_back(ReadTransfer(row));
      }
    }));
    if (std::ssize(listed.transfers) >= page.limit) listed.read_to.reset();
    return listed;
  }

  absl::StatusOr<int64_t> LastPosition(Duration timeout) override {
    int64_t position = 0;
    JB_RETURN_IF_ERROR(
        Read(timeout, [&](pqxx::transaction_base& tx) { position = NewestPosition(tx); }));
    return position;
  }

  absl::StatusOr<Time> LastRecorded(Duration timeout) override {
    Time recorded;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      recorded = FromMicros(tx.exec1(sql::kLastRecorded)[0].as<int64_t>());
    }));
    return recorded;
  }

  absl::StatusOr<std::optional<Hold>> FindHold(const Uuid& id, Duration timeout) override {
    return FindOne<Hold>(sql::kHolds, id, timeout, ReadHold);
  }

  absl::StatusOr<std::optional<Time>> EarliestExpiry(Duration timeout) override {
    std::optional<Time> earliest;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      const pqxx::result rows = tx.exec(sql::kEarliestExpiry);
      if (!rows.empty()) earliest = FromMicros(rows[0][0].as<int64_t>());
    }));
    return earliest;
  }

 private:
  absl::Status Read(Duration timeout, const std::function<void(pqxx::transaction_base&)>& read) {
    return RunTransaction(database_,
                          {.isolation = Isolation::kRepeatableReadReadOnly, .timeout = timeout},
                          [&](pqxx::transaction_base& tx) {
                            read(tx);
                            return absl::OkStatus();
                          });
  }

  template <typename T, typename Convert, typename Select>
  absl::StatusOr<std::vector<T>> ReadAll(Duration timeout, const Convert& convert,
                                         const Select& select) {
    std::vector<T> values;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      values.clear();
      for (const auto& row : select(tx)) values.push_back(convert(row));
    }));
    return values;
  }

  template <typename T, typename Convert>
  absl::StatusOr<std::optional<T>> FindOne(const char* statement, const Uuid& id, Duration timeout,
                                           const Convert& convert) {
    JB_ASSIGN_OR_RETURN(auto found, ReadAll<T>(timeout, convert, [&](pqxx::transaction_base& tx) {
                          return tx.exec_params(statement, OneId(id));
                        }));
    return found.empty() ? std::nullopt : std::optional<T>(std::move(found[0]));
  }

  // The accounts that the filter leaves, as an array; nothing when it names none.
  static std::optional<std::string> AccountsOf(const TransferFilter& filter,
                                               pqxx::transaction_base& tx) {
    if (!filter.member.has_value()) {
      if (!filter.account.has_value()) return std::nullopt;
      return OneId(*filter.account);
    }
    std::vector<Uuid> accounts;
    for (const auto& row : tx.exec_params(sql::kAccountIdsOfOwner, filter.member->ToString())) {
      const Uuid id = ReadUuid(row[0]);
      if (!filter.account.has_value() || *filter.account == id) accounts.push_back(id);
    }
    return UuidArrayLiteral(accounts);
  }

  // Sets `read_to` where the rows end before the page is full and the listing ends.
  static pqxx::result SelectTransfers(const TransferFilter& filter, const Page& page,
                                      pqxx::transaction_base& tx, std::optional<int64_t>& read_to) {
    auto [after, before] = KeyRange(page);
    if (filter.start.has_value()) after = std::max(after, PositionBefore(*filter.start, tx));
    if (filter.end.has_value()) before = std::min(before, PositionBefore(*filter.end, tx) + 1);
    const auto reference =
        filter.reference.empty() ? std::nullopt : std::optional<std::string>(filter.reference);
    const auto operation =
        filter.operation == 0 ? std::nullopt : std::optional<int>(filter.operation);
    const auto accounts = AccountsOf(filter, tx);
    if (!accounts.has_value()) {
      if (!reference.has_value() && !operation.has_value()) {
        read_to = CutToOneRead(page.newest_first, NewestPosition(tx), after, before);
      }
      return tx.exec_params(page.newest_first ? sql::kTransfersDown : sql::kTransfersUp, after,
                            before, page.limit, reference, operation);
    }
    return tx.exec_params(page.newest_first ? sql::kAccountTransfersDown : sql::kAccountTransfersUp,
                          after, before, page.limit, reference, operation, *accounts);
  }

  const Database database_;
  BookHealth health_;
  BookSession session_;
};

}  // namespace

std::unique_ptr<Store> MakePgStore(const Database& database, PgStoreOptions options) {
  return std::make_unique<PgStore>(database, std::move(options));
}

}  // namespace joulebook::ledger
