#include "services/ledger/engine/books_check.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/audit_compare.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/engine/log_check.h"
#include "services/ledger/engine/log_reader.h"

namespace joulebook::ledger {
namespace {

constexpr int kPage = 4'096;
constexpr int64_t kBeforeAnyPosition = std::numeric_limits<int64_t>::min();

// As the first migration ships them; assets are never added by the service.
const Asset kAssets[] = {{AssetCode("J"), 6, AssetKind::kEnergy},
                         {AssetCode("KWH"), 6, AssetKind::kEnergy},
                         {AssetCode("THB"), 2, AssetKind::kCurrency},
                         {AssetCode("USDT"), 6, AssetKind::kToken}};

std::string PlaceOf(int64_t position, const char* what, const Uuid& id) {
  return absl::StrCat("position ", position, ", ", what, " ", id.ToString());
}

class BooksCheck {
 public:
  BooksCheck(BookSnapshot& snapshot, const ReadPricedUse& read_quote,
             const std::function<bool(const BooksProgress&)>& progress)
      : snapshot_(snapshot), progress_(progress), log_(snapshot), quotes_(read_quote) {}

  absl::StatusOr<Difference> Run() {
    JB_ASSIGN_OR_RETURN(Difference difference, CheckLog());
    if (!difference.has_value()) difference = log_.Finish();
    if (!difference.has_value()) difference = audit_.CheckSums();
    if (!difference.has_value()) {
      JB_ASSIGN_OR_RETURN(difference, CheckStored());
    }
    if (!difference.has_value()) difference = audit_.CheckComplete();
    return difference;
  }

 private:
  absl::StatusOr<Difference> CheckLog() {
    const std::optional<BookHead> head = snapshot_.Head();
    if (!head.has_value()) return "the book's row is missing";
    LogReader reader(snapshot_, kBeforeAnyPosition, kPage);
    for (int64_t checked = 0;; ++checked) {
      const std::optional<LogEntry> entry = reader.Next();
      if (checked % kPage == 0 || !entry.has_value()) {
        told_ = {checked, head->last_position, log_.sealed()};
        JB_RETURN_IF_ERROR(Tell());
      }
      if (!entry.has_value()) break;
      Difference difference = std::visit([this](const auto& e) { return CheckNext(e); }, *entry);
      if (difference.has_value()) return difference;
    }
    BookHead expected = audit_.head();
    expected.leaf_hash = leaf_hash_;
    const Difference difference = Compare(expected, *head);
    return difference.has_value() ? Difference("the book's " + *difference) : std::nullopt;
  }

  // Whether the check goes on.
  absl::Status Tell() {
    if (snapshot_.IsOverdue()) {
      return absl::DeadlineExceededError("the check took longer than it may");
    }
    return progress_(told_) ? absl::OkStatus() : absl::CancelledError("the check was given up");
  }

  template <typename Entry>
  Difference CheckNext(const Entry& entry) {
    Difference difference = audit_.CheckNext(entry.position);
    return difference.has_value() ? difference : Add(entry);
  }

  Difference Add(const TransferRecord& transfer) {
    const std::string place = PlaceOf(transfer.position, "transfer", transfer.request.id);
    if (transfer.leaf_hash.empty() && is_adopted_) return place + ": its leaf hash is missing";
    Difference difference = AddLeaf(place, CanonicalBytes(transfer), transfer.leaf_hash);
    if (!difference.has_value()) difference = audit_.Add(transfer);
    if (!difference.has_value() && transfer.is_committed()) difference = quotes_.Add(transfer);
    return difference;
  }

  Difference Add(const StoredRecord& stored) {
    is_adopted_ = true;
    const std::string place = PlaceOf(stored.position, "record of", stored.subject);
    Difference difference = AddLeaf(place, stored.content, stored.leaf_hash);
    if (difference.has_value()) return difference;
    const auto record = ParseRecord(stored.content);
    if (!record.ok()) return place + ": its content is no record";
    if (record->position != stored.position || record->recorded != stored.recorded ||
        record->kind() != stored.kind || record->subject() != stored.subject) {
      return place + ": its columns are not what its content says";
    }
    return audit_.Add(*record);
  }

  Difference AddLeaf(const std::string& place, std::string_view content, std::string_view stored) {
    const Sha256Digest leaf = MerkleLeafHash(content);
    leaf_hash_ = AsBytes(leaf);
    return log_.Add(place, leaf, stored);
  }

  // Checks the tables beside the log.
  absl::StatusOr<Difference> CheckStored() {
    const auto assets = snapshot_.Assets();
    if (!std::equal(assets.begin(), assets.end(), std::begin(kAssets), std::end(kAssets))) {
      return Difference("the assets are not those that the ledger came with");
    }
    auto difference = CheckAll(int64_t{0}, &BookSnapshot::Members,
                               [](const Member& member) { return member.number; });
    const auto is_equal = [&] { return difference.ok() && !difference->has_value(); };
    if (is_equal()) {
      difference = CheckAll(BookSnapshot::After(), &BookSnapshot::ReputationChanges,
                            [](const ReputationChange& change) { return change.command.id; });
    }
    if (is_equal()) {
      difference = CheckAll(BookSnapshot::After(), &BookSnapshot::Accounts,
                            [](const Account& account) { return account.id; });
    }
    if (is_equal()) {
      difference = CheckAll(BookSnapshot::After(), &BookSnapshot::Holds,
                            [](const Hold& hold) { return hold.id; });
    }
    if (is_equal()) {
      difference = CheckAll(BookSnapshot::After(), &BookSnapshot::OnceKeys,
                            [](const OnceKeyHolder& holder) { return holder.id; });
    }
    return difference;
  }

  Difference Check(const Member& member) { return audit_.CheckMember(member); }
  Difference Check(const ReputationChange& change) { return audit_.CheckReputationChange(change); }
  Difference Check(const Account& account) { return audit_.CheckAccount(account); }
  Difference Check(const OnceKeyHolder& holder) { return audit_.CheckOnceKey(holder); }
  Difference Check(const Hold& hold) {
    Difference difference = audit_.CheckHold(hold);
    return difference.has_value() ? difference : quotes_.CheckHold(hold);
  }

  // Checks all rows that `read` gives, page by page; `key` is what they are ordered by.
  template <typename After, typename Read, typename Key>
  absl::StatusOr<Difference> CheckAll(After after, const Read& read, const Key& key) {
    for (;;) {
      JB_RETURN_IF_ERROR(Tell());
      const auto page = (snapshot_.*read)(after, kPage);
      if (page.empty()) return Difference();
      for (const auto& item : page) {
        if (Difference difference = Check(item); difference.has_value()) return difference;
      }
      after = key(page.back());
    }
  }

  BookSnapshot& snapshot_;
  const std::function<bool(const BooksProgress&)>& progress_;
  LogCheck log_;
  BookAudit audit_;
  QuoteAudit quotes_;
  std::string leaf_hash_;  // of the last record
  BooksProgress told_;
  // Whether the log has got to the first record that is no transfer. All after it have leaf hashes.
  bool is_adopted_ = false;
};

}  // namespace

absl::StatusOr<Difference> CheckBooks(LogStore& store, const ReadPricedUse& read_quote,
                                      Duration timeout,
                                      const std::function<bool(const BooksProgress&)>& progress) {
  Difference difference;
  JB_RETURN_IF_ERROR(store.ReadSnapshot(timeout, [&](BookSnapshot& snapshot) -> absl::Status {
    JB_ASSIGN_OR_RETURN(difference, BooksCheck(snapshot, read_quote, progress).Run());
    return absl::OkStatus();
  }));
  return difference;
}

}  // namespace joulebook::ledger
