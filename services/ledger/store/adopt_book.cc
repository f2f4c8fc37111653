#include "services/ledger/store/adopt_book.h"

#include <limits>
#include <pqxx/binarystring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/merkle.h"
#include "services/ledger/domain/reputation.h"
#include "services/ledger/store/book_io.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

constexpr Duration kTimeout = std::chrono::hours(1);
constexpr Duration kCheckTimeout = std::chrono::seconds(5);
constexpr int kPage = 1'000;
constexpr int64_t kWholeHistory = std::numeric_limits<int64_t>::max();

class BookAdopter {
 public:
  // Its records come right after the last one, in time too: no machine's clock has a say.
  BookAdopter(pqxx::transaction_base& tx, const BookHead& head) : tx_(tx) {
    view_.last_position = head.last_position;
    view_.last_recorded = head.last_recorded;
    view_.states_position = head.states_position;
    view_.member_count = head.member_count;
    view_.now = head.last_recorded;
  }

  // How many records it wrote.
  absl::StatusOr<int64_t> Adopt() {
    const int64_t before = view_.last_position;
    JB_RETURN_IF_ERROR(AdoptMembers());
    AdoptAccounts();
    tx_.exec_params(sql::kSetHead, view_.last_position, pqxx::binarystring(head_hash_),
                    ToMicros(view_.last_recorded), view_.states_position);
    return view_.last_position - before;
  }

 private:
  absl::Status AdoptMembers() {
    for (int64_t after = 0;;) {
      const pqxx::result page = tx_.exec_params(sql::kMembersUp, after, kPage);
      if (page.empty()) return absl::OkStatus();
      for (const auto& row : page) {
        const Member member = ReadMember(row);
        Write(member);
        JB_RETURN_IF_ERROR(AdoptReputation(member));
        after = member.number;
      }
    }
  }

  absl::Status AdoptReputation(const Member& member) {
    Reputation reputation;
    for (const auto& row :
         tx_.exec_params(sql::kReputationUp, 0, kWholeHistory, member.id.ToString())) {
      const ReputationChange change = ReadReputationChange(row);
      reputation = ChangeReputation(reputation, change.command);
      if (change.after != reputation) break;
      Write(change);
      view_.states_position = view_.last_position;
    }
    if (reputation == member.reputation) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the reputation of member ", member.id.ToString(),
                                            " is not the one that its history leads to"));
  }

  void AdoptAccounts() {
    for (Uuid after = Uuid::Nil();;) {
      const pqxx::result page = tx_.exec_params(sql::kAccountsPage, after.ToString(), kPage);
      if (page.empty()) return;
      for (const auto& row : page) {
        const Account account = ReadAccount(row);
        Write(account);
        after = account.id;
        if (account.state == AccountState::kOpen) continue;
        Write(AccountStateChange{account.id, account.state});
        view_.states_position = view_.last_position;
      }
    }
  }

  void Write(RecordContent what) {
    view_.NextRecorded();
    const BookRecord record = view_.NextRecord(std::move(what));
    const std::string content = CanonicalBytes(record);
    head_hash_ = AsBytes(MerkleLeafHash(content));
    tx_.exec_params(sql::kInsertRecord.sql, record.position, ToMicros(record.recorded),
                    static_cast<int>(record.kind()), record.subject().ToString(),
                    pqxx::binarystring(content), pqxx::binarystring(head_hash_));
  }

  pqxx::transaction_base& tx_;
  BookView view_;
  std::string head_hash_;
};

}  // namespace

absl::StatusOr<int64_t> AdoptBook(const Database& database) {
  int64_t adopted = 0;
  JB_RETURN_IF_ERROR(RunTransaction(database, {.timeout = kTimeout},
                                    [&](pqxx::transaction_base& tx) -> absl::Status {
                                      const BookHead head = ReadHead(tx.exec1(sql::kLockBook.sql));
                                      adopted = 0;
                                      if (!head.leaf_hash.empty()) return absl::OkStatus();
                                      JB_ASSIGN_OR_RETURN(adopted, BookAdopter(tx, head).Adopt());
                                      return absl::OkStatus();
                                    }));
  return adopted;
}

absl::Status CheckAdopted(const Database& database) {
  BookHead head;
  JB_RETURN_IF_ERROR(
      RunTransaction(database, {.timeout = kCheckTimeout}, [&](pqxx::transaction_base& tx) {
        head = ReadHead(tx.exec1(sql::kHead));
        return absl::OkStatus();
      }));
  return head.leaf_hash.empty() ? NotAdopted() : absl::OkStatus();
}

}  // namespace joulebook::ledger
