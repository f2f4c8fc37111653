#include "services/ledger/domain/decide_transfers.h"

#include <algorithm>
#include <tuple>

#include "services/ledger/domain/apply_transfer.h"
#include "services/ledger/domain/compare_transfers.h"

namespace joulebook::ledger {
namespace {

// The answer that a recorded transfer gives to a request with its id.
TransferOutcome Answer(const TransferRecord& record, const TransferRequest& request) {
  const ResultCode compared = CompareContent(record.request, request);
  if (compared != ResultCode::kExists) return {.code = compared};
  if (!record.is_committed()) return {.code = record.result, .recorded = record.recorded};
  return {ResultCode::kExists, record.position,    record.recorded,
          record.moved,        record.debit_after, record.credit_after};
}

// Names who has the key that the request was refused for. Nobody is named when the key is free by
// now, or was taken by an earlier item of the chain that fails with it.
void NameHolder(const TransferRequest& request, const BookView& view, TransferOutcome& outcome) {
  if (!IsOnceRefusal(outcome.code)) return;
  const auto use = view.once_keys.find(*request.once_key);
  if (use == view.once_keys.end()) return;
  const auto holder = view.transfers.find(use->second.holder.transfer);
  if (holder == view.transfers.end()) return;
  outcome.done_by = holder->first;
  outcome.position = holder->second.position;
  outcome.moved = holder->second.moved;
}

TransferOutcome Committed(const TransferRecord& record) {
  return {ResultCode::kOk, record.position,    record.recorded,
          record.moved,    record.debit_after, record.credit_after};
}

// The account that the request would move from, as far as the book knows it.
const Account* FindDebit(const TransferRequest& request, const BookView& view) {
  std::optional<Uuid> debit = request.debit;
  if (request.kind == TransferKind::kReverse) {
    const auto reversed = view.transfers.find(*request.target);
    if (reversed != view.transfers.end()) debit = reversed->second.credit;
  } else if (request.target.has_value()) {
    const auto hold = view.holds.find(*request.target);
    if (hold != view.holds.end()) debit = hold->second.debit;
  }
  const auto account = debit.has_value() ? view.accounts.find(*debit) : view.accounts.end();
  return account == view.accounts.end() ? nullptr : &account->second;
}

// Whether the item's caller lacks the role that it needs.
bool IsForbidden(const TransferItem& item, const BookView& view) {
  if (item.may_issue || item.request.kind == TransferKind::kRelease) return false;
  const Account* const debit = FindDebit(item.request, view);
  return debit != nullptr && IsSourceOfValue(debit->role);
}

// Decides one chain (most have one item).
class ChainDecider {
 public:
  ChainDecider(std::span<const TransferItem> items, const SignatureVerifier& verify, BookView& view,
               Changes& changes)
      : items_(items), view_(view), changes_(changes), applier_(verify, view, changes) {}

  std::vector<TransferOutcome> Decide() {
    std::vector<TransferOutcome> outcomes(items_.size());
    if (AnswerKnown(outcomes) || AnswerForbidden(outcomes)) return outcomes;
    DecideNew(outcomes);
    return outcomes;
  }

 private:
  // Fills in what needs no decision. True when nothing is left to decide: the chain is malformed,
  // or all of it was decided before.
  bool AnswerKnown(std::vector<TransferOutcome>& outcomes) {
    std::size_t known = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const TransferItem& item = items_[i];
      const auto record = item.shape == ResultCode::kOk ? view_.transfers.find(item.request.id)
                                                        : view_.transfers.end();
      if (item.shape != ResultCode::kOk) {
        outcomes[i] = {.code = item.shape};
      } else if (record != view_.transfers.end()) {
        outcomes[i] = Answer(record->second, item.request);
        NameHolder(item.request, view_, outcomes[i]);
        ++known;
      } else {
        outcomes[i] = {.code = ResultCode::kLinkedEventFailed};
      }
    }
    has_known_ = known > 0;
    return IsMalformed(items_) || known == items_.size();
  }

  // True when the caller may not submit an item that is new. Then nothing of the chain is recorded:
  // who lacks the permission must not use up somebody's ids.
  bool AnswerForbidden(std::vector<TransferOutcome>& outcomes) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (view_.transfers.contains(items_[i].request.id)) continue;
      if (!IsForbidden(items_[i], view_)) continue;
      outcomes[i].code = ResultCode::kIssuerRoleRequired;
      changes_.has_unwritten = true;
      return true;
    }
    return false;
  }

  void DecideNew(std::vector<TransferOutcome>& outcomes) {
    if (has_known_) {  // The new rest of a chain that was decided before cannot join it.
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (outcomes[i].code == ResultCode::kLinkedEventFailed) Refuse(i, outcomes[i]);
      }
      return;
    }
    std::vector<TransferRecord> records;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      TransferRecord record;
      record.request = items_[i].request;
      const ResultCode code =
          HasTwin(i)
              ? ResultCode::kExistsWithDifferentFlags
              : applier_.Apply(record, items_[i].quote.has_value() ? &*items_[i].quote : nullptr);
      if (code != ResultCode::kOk) {
        applier_.Undo();
        Fail(i, code, outcomes);
        return;
      }
      records.push_back(std::move(record));
    }
    applier_.Keep();
    for (std::size_t i = 0; i < records.size(); ++i) {
      records[i].position = ++view_.last_position;
      outcomes[i] = Committed(records[i]);
      view_.transfers[records[i].request.id] = records[i];
      changes_.transfers.push_back(std::move(records[i]));
    }
  }

  // Whether an earlier item of the same chain has the same id.
  bool HasTwin(std::size_t index) const {
    return std::any_of(
        items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(index),
        [&](const auto& item) { return item.request.id == items_[index].request.id; });
  }

  // Records the failed chain: the culprit with its code, all others as linked.
  void Fail(std::size_t culprit, ResultCode code, std::vector<TransferOutcome>& outcomes) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      outcomes[i] = {.code = i == culprit ? code : ResultCode::kLinkedEventFailed};
      Refuse(i, outcomes[i]);
    }
    NameHolder(items_[culprit].request, view_, outcomes[culprit]);
  }

  // Records a refusal; of two items with one id, that of the first.
  void Refuse(std::size_t index, TransferOutcome& outcome) {
    if (view_.transfers.contains(items_[index].request.id)) return;
    const Time recorded = view_.NextRecorded();
    TransferRecord record =
        RefusalOf(items_[index].request, outcome.code, ++view_.last_position, recorded);
    outcome.recorded = recorded;
    view_.transfers[record.request.id] = record;
    changes_.transfers.push_back(std::move(record));
  }

  const std::span<const TransferItem> items_;
  BookView& view_;
  Changes& changes_;
  TransferApplier applier_;
  bool has_known_ = false;
};

}  // namespace

std::size_t ChainLength(std::span<const TransferItem> items) {
  std::size_t length = 1;
  while (length < items.size() && items[length - 1].request.linked) ++length;
  return length;
}

bool IsMalformed(std::span<const TransferItem> chain) {
  return std::any_of(chain.begin(), chain.end(),
                     [](const TransferItem& item) { return item.shape != ResultCode::kOk; });
}

std::vector<TransferOutcome> DecideTransfers(std::span<const TransferItem> items,
                                             const SignatureVerifier& verify, BookView& view,
                                             Changes& changes) {
  std::vector<TransferOutcome> outcomes;
  outcomes.reserve(items.size());
  while (!items.empty()) {
    const auto chain = items.first(ChainLength(items));
    for (auto& outcome : ChainDecider(chain, verify, view, changes).Decide()) {
      outcomes.push_back(outcome);
    }
    items = items.subspan(chain.size());
  }
  return outcomes;
}

absl::StatusOr<int> DecideExpiry(const std::function<Uuid()>& next_id, BookView& view,
                                 Changes& changes) {
  std::vector<std::tuple<Time, Uuid>> due;
  for (const auto& [id, hold] : view.holds) {
    if (hold.state == HoldState::kOpen && hold.expires <= view.now)
      due.emplace_back(hold.expires, id);
  }
  std::sort(due.begin(), due.end());
  TransferApplier applier(nullptr, view, changes);
  for (const auto& [expires, id] : due) {
    TransferRecord record;
    record.request.id = next_id();
    record.request.target = id;
    JB_RETURN_IF_ERROR(applier.Expire(record));
    record.position = ++view.last_position;
    view.transfers[record.request.id] = record;
    changes.transfers.push_back(std::move(record));
  }
  return static_cast<int>(due.size());
}

}  // namespace joulebook::ledger
