#include "tests/integration/reference_model.h"

#include <algorithm>

namespace joulebook::ledger {
namespace {

constexpr int64_t kNoLimit = INT64_MAX;

// The documented order of the fields; empty when all agree.
std::string Difference(const ModelRequest& a, const ModelRequest& b) {
  if (a.kind != b.kind) return "EXISTS_WITH_DIFFERENT_KIND";
  if (a.target != b.target) return "EXISTS_WITH_DIFFERENT_TARGET";
  if (a.debit != b.debit) return "EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT";
  if (a.credit != b.credit) return "EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT";
  if (a.amount != b.amount) return "EXISTS_WITH_DIFFERENT_AMOUNT";
  if (a.up_to != b.up_to || a.keep != b.keep || a.linked != b.linked) {
    return "EXISTS_WITH_DIFFERENT_FLAGS";
  }
  if (a.ttl != b.ttl) return "EXISTS_WITH_DIFFERENT_HOLD_TTL";
  if (a.reference != b.reference) return "EXISTS_WITH_DIFFERENT_REFERENCE";
  if (a.if_available != b.if_available || a.if_debit_version != b.if_debit_version ||
      a.if_credit_version != b.if_credit_version) {
    return "EXISTS_WITH_DIFFERENT_CONDITIONS";
  }
  if (a.signature != b.signature) return "EXISTS_WITH_DIFFERENT_SIGNATURE";
  if (a.once != b.once) return "EXISTS_WITH_DIFFERENT_ONCE_KEY";
  return "";
}

std::string Shape(const ModelRequest& r) {
  const bool has_target = r.kind != "post" && r.kind != "reserve";
  if (has_target && r.target < 0) return "TARGET_ID_MALFORMED";
  if (!has_target && r.target >= 0) return "TARGET_ID_MUST_BE_EMPTY";
  if (!has_target && r.debit < 0) return "DEBIT_ACCOUNT_ID_MALFORMED";
  if (!has_target && r.credit < 0) return "CREDIT_ACCOUNT_ID_MALFORMED";
  if (r.debit >= 0 && r.debit == r.credit) return "ACCOUNTS_MUST_BE_DIFFERENT";
  if (r.kind != "release" && r.amount <= 0) return "AMOUNT_MUST_BE_POSITIVE";
  if (r.kind == "release" && r.amount != 0) return "AMOUNT_MUST_BE_ZERO";
  if (r.up_to && has_target) return "UP_TO_NOT_ALLOWED";
  if (r.keep && r.kind != "charge") return "KEEP_REST_NOT_ALLOWED";
  if (r.ttl != 0 && r.kind != "reserve") return "HOLD_TTL_INVALID";
  if (r.once >= 0 && has_target) return "ONCE_KEY_MALFORMED";
  return "";
}

}  // namespace

std::vector<ModelResult> ReferenceModel::Post(const std::vector<ModelRequest>& requests) {
  std::vector<ModelResult> results;
  std::vector<ModelRequest> chain;
  for (const ModelRequest& request : requests) {
    chain.push_back(request);
    if (request.linked) continue;
    PostChain(chain, results);
    chain.clear();
  }
  if (!chain.empty()) PostChain(chain, results);
  return results;
}

void ReferenceModel::PostChain(const std::vector<ModelRequest>& chain,
                               std::vector<ModelResult>& results) {
  const std::size_t size = chain.size();
  std::vector<ModelResult> answers(size);
  std::size_t known = 0;
  bool malformed = false;
  for (std::size_t i = 0; i < size; ++i) {
    std::string shape = Shape(chain[i]);
    if (i + 1 == size && chain[i].linked) shape = "LINKED_CHAIN_OPEN";
    const auto seen = seen_.find(chain[i].id);
    if (!shape.empty()) {
      answers[i].code = shape;
      malformed = true;
    } else if (seen != seen_.end()) {
      ++known;
      const std::string difference = Difference(seen->second.request, chain[i]);
      if (!difference.empty()) {
        answers[i].code = difference;
      } else {
        answers[i] = seen->second.result;
        if (answers[i].code == "OK") answers[i].code = "EXISTS";
        NameHolder(chain[i], answers[i]);
      }
    } else {
      answers[i].code = "LINKED_EVENT_FAILED";
    }
  }

  if (!malformed && known == 0) {
    Draft draft;
    std::vector<Seen> done(size);
    std::size_t failed = size;
    for (std::size_t i = 0; i < size && failed == size; ++i) {
      done[i].request = chain[i];
      const bool has_twin = std::any_of(chain.begin(), chain.begin() + static_cast<int64_t>(i),
                                        [&](const auto& r) { return r.id == chain[i].id; });
      done[i].result.code =
          has_twin ? "EXISTS_WITH_DIFFERENT_FLAGS" : Try(chain[i], draft, done[i]);
      if (done[i].result.code != "OK") failed = i;
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (failed == size) {
        done[i].result.position = ++last_position_;
        answers[i] = done[i].result;
        seen_[chain[i].id] = done[i];
      } else if (i == failed) {
        answers[i].code = done[i].result.code;
      }
    }
    if (failed == size) {
      for (const auto& [id, balances] : draft.balances) accounts.at(id).balances = balances;
      for (const auto& [id, hold] : draft.holds) holds_[id] = hold;
      for (const auto& [id, amount] : draft.reversed) seen_.at(id).reversed = amount;
      for (const auto& [key, use] : draft.once) once_[key] = use;
    }
  }
  if (!malformed) {
    for (std::size_t i = 0; i < size; ++i) {
      if (seen_.contains(chain[i].id)) continue;
      ++last_position_;
      seen_[chain[i].id] = {chain[i], answers[i]};
      NameHolder(chain[i], answers[i]);
    }
  }
  results.insert(results.end(), answers.begin(), answers.end());
}

ModelBalances& ReferenceModel::Balance(int account, Draft& draft) {
  return draft.balances.try_emplace(account, accounts.at(account).balances).first->second;
}

ReferenceModel::Hold* ReferenceModel::FindHold(int id, Draft& draft) {
  if (!draft.holds.contains(id) && holds_.contains(id)) draft.holds[id] = holds_.at(id);
  const auto it = draft.holds.find(id);
  return it == draft.holds.end() ? nullptr : &it->second;
}

std::optional<ReferenceModel::OnceUse> ReferenceModel::FindOnceUse(int key,
                                                                   const Draft& draft) const {
  const auto in_draft = draft.once.find(key);
  if (in_draft != draft.once.end()) return in_draft->second;
  const auto it = once_.find(key);
  return it == once_.end() ? std::nullopt : it->second;
}

std::string ReferenceModel::CheckOnce(const ModelRequest& r, const Draft& draft) const {
  const auto use = r.once < 0 ? std::nullopt : FindOnceUse(r.once, draft);
  if (!use) return "";
  if (r.debit != use->first.debit) return "ONCE_WITH_DIFFERENT_DEBIT_ACCOUNT";
  if (r.credit != use->first.credit) return "ONCE_WITH_DIFFERENT_CREDIT_ACCOUNT";
  if (r.amount != use->first.amount) return "ONCE_WITH_DIFFERENT_AMOUNT";
  return use->is_done && !draft.once.contains(r.once) ? "ONCE_DONE" : "ONCE_RESERVED";
}

void ReferenceModel::MoveOnce(const ModelRequest& r, Draft& draft) {
  if (r.once >= 0) draft.once[r.once] = OnceUse{r, r.id, r.kind == "post"};
  if (r.kind != "charge" && r.kind != "release") return;
  Hold& hold = *FindHold(r.target, draft);
  if (hold.once < 0 || hold.was_charged) return;
  if (r.kind == "release") {
    draft.once[hold.once].reset();
    return;
  }
  hold.was_charged = true;
  draft.once[hold.once] = OnceUse{FindOnceUse(hold.once, draft)->first, r.id, true};
}

void ReferenceModel::NameHolder(const ModelRequest& r, ModelResult& result) const {
  if (!result.code.starts_with("ONCE_")) return;
  const auto it = once_.find(r.once);
  if (it == once_.end() || !it->second) return;
  result.done_by = it->second->holder;
  result.position = seen_.at(result.done_by).result.position;
  result.moved = seen_.at(result.done_by).result.moved;
}

std::string ReferenceModel::Try(const ModelRequest& request, Draft& draft, Seen& seen) {
  const std::string once = CheckOnce(request, draft);
  if (!once.empty()) return once;
  for (const auto check : {&ReferenceModel::FindParties, &ReferenceModel::FindAmount}) {
    const std::string code = (this->*check)(request, draft, seen);
    if (!code.empty()) return code;
    if (check == &ReferenceModel::FindParties) {
      const std::string rule = CheckRules(request, draft, seen);
      if (!rule.empty()) return rule;
    }
  }
  MoveOnce(request, draft);
  Move(request, draft, seen);
  return "OK";
}

std::string ReferenceModel::FindParties(const ModelRequest& r, Draft& draft, Seen& seen) {
  seen.debit = r.debit;
  seen.credit = r.credit;
  if (r.kind == "charge" || r.kind == "release") {
    const Hold* hold = FindHold(r.target, draft);
    if (hold == nullptr) return "HOLD_NOT_FOUND";
    if (hold->state == "charged") return "HOLD_ALREADY_CHARGED";
    if (hold->state == "released") return "HOLD_ALREADY_RELEASED";
    if (hold->state == "expired" || now_ms >= hold->expires) return "HOLD_EXPIRED";
    seen.debit = hold->debit;
    seen.credit = hold->credit;
  } else if (r.kind == "reverse") {
    const auto it = seen_.find(r.target);
    if (it == seen_.end() || it->second.result.code != "OK") return "TRANSFER_NOT_FOUND";
    const std::string& kind = it->second.request.kind;
    if (kind != "post" && kind != "charge") return "TRANSFER_NOT_REVERSIBLE";
    seen.debit = it->second.credit;
    seen.credit = it->second.debit;
  }
  if (r.debit >= 0 && r.debit != seen.debit) return "TARGET_HAS_DIFFERENT_DEBIT_ACCOUNT";
  if (r.credit >= 0 && r.credit != seen.credit) return "TARGET_HAS_DIFFERENT_CREDIT_ACCOUNT";
  return "";
}

std::string ReferenceModel::CheckRules(const ModelRequest& r, Draft& draft, const Seen& seen) {
  if (!accounts.contains(seen.debit)) return "DEBIT_ACCOUNT_NOT_FOUND";
  if (!accounts.contains(seen.credit)) return "CREDIT_ACCOUNT_NOT_FOUND";
  const Account& debit = accounts.at(seen.debit);
  const Account& credit = accounts.at(seen.credit);
  if (debit.asset != credit.asset) return "ACCOUNTS_HAVE_DIFFERENT_ASSETS";
  if (debit.asset != "J" && (r.kind == "post" || r.kind == "reserve")) {
    return "ASSET_DIFFERS_FROM_ACCOUNTS";
  }
  if (r.kind != "release" && debit.state == "frozen") return "DEBIT_ACCOUNT_FROZEN";
  if (r.kind != "release" && credit.state == "frozen") return "CREDIT_ACCOUNT_FROZEN";
  if (debit.needs_signature && r.kind != "charge" && r.kind != "release") {
    if (r.signature.empty()) return "SIGNATURE_REQUIRED";
    if (r.signature == "bad") return "SIGNATURE_INVALID";
  }
  const ModelBalances& d = Balance(seen.debit, draft);
  const ModelBalances& c = Balance(seen.credit, draft);
  if (r.if_available && d.posted - d.reserved < *r.if_available) {
    return "CONDITION_DEBIT_AVAILABLE_NOT_MET";
  }
  if (r.if_debit_version && d.version != *r.if_debit_version) {
    return "CONDITION_DEBIT_VERSION_NOT_MET";
  }
  if (r.if_credit_version && c.version != *r.if_credit_version) {
    return "CONDITION_CREDIT_VERSION_NOT_MET";
  }
  return "";
}

std::string ReferenceModel::FindAmount(const ModelRequest& r, Draft& draft, Seen& seen) {
  int64_t& moved = seen.result.moved;
  moved = r.amount;
  if (r.kind == "release") {
    moved = FindHold(r.target, draft)->remaining;
    return "";
  }
  if (r.kind == "charge") {
    return moved > FindHold(r.target, draft)->remaining ? "EXCEEDS_HOLD" : "";
  }
  if (r.kind == "reverse") {
    const Seen& target = seen_.at(r.target);
    const auto in_draft = draft.reversed.find(r.target);
    const int64_t before = in_draft == draft.reversed.end() ? target.reversed : in_draft->second;
    if (moved > target.result.moved - before) return "EXCEEDS_REVERSIBLE";
  }
  const Account& debit = accounts.at(seen.debit);
  const Account& credit = accounts.at(seen.credit);
  const ModelBalances& d = Balance(seen.debit, draft);
  const ModelBalances& c = Balance(seen.credit, draft);
  const int64_t can_give = debit.lower ? d.posted - d.reserved - *debit.lower : kNoLimit;
  const int64_t can_take = credit.upper ? *credit.upper - c.posted - c.pending : kNoLimit;
  if (can_give < (r.up_to ? 1 : moved)) return "EXCEEDS_AVAILABLE";
  if (can_take < (r.up_to ? 1 : moved)) return "EXCEEDS_UPPER_LIMIT";
  moved = std::min({moved, can_give, can_take});
  return "";
}

void ReferenceModel::Move(const ModelRequest& r, Draft& draft, Seen& seen) {
  const int64_t m = seen.result.moved;
  ModelBalances& d = Balance(seen.debit, draft);
  ModelBalances& c = Balance(seen.credit, draft);
  if (r.kind == "reserve") {
    d.reserved += m;
    c.pending += m;
    draft.holds[r.id] = {seen.debit, seen.credit, m, now_ms + (r.ttl == 0 ? 300'000 : r.ttl),
                         "open",     r.once};
  } else if (r.kind == "release" || r.kind == "charge") {
    Hold& hold = *FindHold(r.target, draft);
    const int64_t leaves_hold = r.keep ? m : hold.remaining;
    d.reserved -= leaves_hold;
    c.pending -= leaves_hold;
    hold.remaining -= leaves_hold;
    if (hold.remaining == 0) hold.state = r.kind == "charge" ? "charged" : "released";
  }
  if (r.kind == "post" || r.kind == "charge") {
    d.posted -= m;
    d.spent += m;
    c.posted += m;
    (accounts.at(seen.debit).is_issuer ? c.granted : c.earned) += m;
  } else if (r.kind == "reverse") {
    d.posted -= m;
    (accounts.at(seen.credit).is_issuer ? d.granted : d.earned) -= m;
    c.posted += m;
    c.spent -= m;
    const auto in_draft = draft.reversed.find(r.target);
    draft.reversed[r.target] =
        m + (in_draft == draft.reversed.end() ? seen_.at(r.target).reversed : in_draft->second);
  }
  ++d.version;
  ++c.version;
  seen.result.debit = d;
  seen.result.credit = c;
}

void ReferenceModel::SetState(int account, const std::string& state) {
  std::string& current = accounts.at(account).state;
  if (current != state) ++last_position_;
  current = state;
}

int ReferenceModel::Sweep() {
  int expired = 0;
  for (auto& [id, hold] : holds_) {
    if (hold.state != "open" || now_ms < hold.expires) continue;
    accounts.at(hold.debit).balances.reserved -= hold.remaining;
    accounts.at(hold.credit).balances.pending -= hold.remaining;
    ++accounts.at(hold.debit).balances.version;
    ++accounts.at(hold.credit).balances.version;
    hold.state = "expired";
    if (hold.once >= 0 && !hold.was_charged) once_[hold.once].reset();
    ++last_position_;
    ++expired;
  }
  return expired;
}

}  // namespace joulebook::ledger
