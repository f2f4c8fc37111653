#include "services/costing/engine/tariff_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {
// Rows read at a time.
constexpr int kPage = 1'000;

// The database was turned back since its rows were read: they are of a history that is lost.
absl::Status OfAnotherHistory() {
  return absl::DataLossError("the database is not the one that was read before");
}
bool IsOfAnotherHistory(const absl::Status& status) { return absl::IsDataLoss(status); }

// Adds the rows of a list that come after `last`, and whether there are any. Each page begins with
// the row that was read last, so that the same statement says whether it is still there.
template <typename Read, typename Add>
absl::StatusOr<bool> AddRows(LastRow& last, const Read& read, const Add& add) {
  bool has_new = false;
  for (;;) {
    const bool is_first = last.number == 0;
    JB_ASSIGN_OR_RETURN(auto page, read(is_first ? 0 : last.number - 1));
    if (!is_first &&
        (page.empty() || page.front().number != last.number || page.front().mark != last.mark)) {
      return OfAnotherHistory();
    }
    for (std::size_t i = is_first ? 0 : 1; i < page.size(); ++i) {
      last = {page[i].number, page[i].mark};
      add(page[i]);
      has_new = true;
    }
    if (page.size() < static_cast<std::size_t>(kPage)) return has_new;
  }
}

absl::StatusOr<const LiveTariff*> Readable(const LiveTariff& tariff) {
  if (tariff.problem.ok()) return &tariff;
  return TariffUnreadable(tariff.published.name, tariff.published.version,
                          ToStd(tariff.problem.message()));
}

}  // namespace

absl::StatusOr<const LiveTariff*> TariffSnapshot::FindHash(const std::string& hash) const {
  const auto it = by_hash_.find(hash);
  if (it == by_hash_.end()) return TariffNotFound(ToHex(hash));
  return Readable(*it->second);
}

absl::StatusOr<const LiveTariff*> TariffSnapshot::FindVersion(const std::string& name,
                                                              int64_t version) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end() || version < 1 || version > static_cast<int64_t>(it->second.size())) {
    return TariffNotFound(absl::StrCat(name, ":", version));
  }
  return Readable(*it->second[static_cast<std::size_t>(version - 1)]);
}

absl::StatusOr<const LiveTariff*> TariffSnapshot::InEffect(const std::string& name, Time at) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return TariffNotFound(name);
  const auto later =
      std::partition_point(it->second.begin(), it->second.end(),
                           [&](const auto& tariff) { return tariff->published.effective <= at; });
  if (later == it->second.begin()) return TariffNotFound(name);
  return Readable(**std::prev(later));
}

int64_t TariffSnapshot::unreadable() const {
  return std::count_if(all_.begin(), all_.end(),
                       [](const auto& tariff) { return !tariff->problem.ok(); });
}

std::optional<Time> TariffSnapshot::NextEffective(const std::string& name, Time at) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return std::nullopt;
  for (const auto& tariff : it->second) {
    if (tariff->published.effective > at) return tariff->published.effective;
  }
  return std::nullopt;
}

int64_t TariffSnapshot::CongestionPpm(const Tariff& tariff, int32_t operation, Time at) const {
  const CongestionRule& rule = tariff.congestion;
  const auto index = rule.class_of.find(operation);
  if (index == rule.class_of.end()) return rule.floor_ppm;
  const auto reports = reports_.find({tariff.name, rule.classes[index->second].name});
  if (reports == reports_.end()) return FactorAt(rule, {}, at);
  return FactorAt(rule, reports->second, at);
}

void TariffSnapshot::Add(std::shared_ptr<const LiveTariff> tariff) {
  by_hash_[tariff->published.hash] = tariff;
  by_name_[tariff->published.name].push_back(tariff);
  all_.push_back(std::move(tariff));
}

absl::Status TariffBook::Refresh(Duration timeout) {
  const std::lock_guard one_at_a_time(refreshing_);
  const Duration start = clock_.MonotonicNow();
  std::shared_ptr<const TariffSnapshot> current;
  {
    const std::lock_guard lock(mutex_);
    current = snapshot_;
  }
  TariffSnapshot next = current == nullptr ? TariffSnapshot() : *current;
  absl::StatusOr<bool> has_new = AddAll(next, timeout);
  if (IsOfAnotherHistory(has_new.status())) {
    next = TariffSnapshot();
    has_new = AddAll(next, timeout);
    if (has_new.ok()) has_new = true;  // at least what was forgotten
  }
  JB_RETURN_IF_ERROR(has_new.status());
  const std::lock_guard lock(mutex_);
  refreshed_ = start;
  if (snapshot_ == nullptr || *has_new) {
    snapshot_ = std::make_shared<const TariffSnapshot>(std::move(next));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> TariffBook::AddAll(TariffSnapshot& snapshot, Duration timeout) const {
  JB_ASSIGN_OR_RETURN(const bool has_tariffs,
                      AddRows(
                          snapshot.last_tariff_,
                          [&](int64_t after) { return store_.TariffsAfter(after, kPage, timeout); },
                          [&](PublishedTariff& published) {
                            auto document = ParseTariff(published.document, find_zone_);
                            LiveTariff live{.published = std::move(published),
                                            .problem = document.status()};
                            if (document.ok()) live.tariff = std::move(document->tariff);
                            snapshot.Add(std::make_shared<const LiveTariff>(std::move(live)));
                          }));
  JB_ASSIGN_OR_RETURN(
      const bool has_reports,
      AddRows(
          snapshot.last_report_,
          [&](int64_t after) { return store_.ReportsAfter(after, kPage, timeout); },
          [&](NumberedReport& numbered) {
            CongestionPeriod& report = numbered.report;
            snapshot.reports_[{report.tariff_name, report.class_name}].push_back(std::move(report));
          }));
  JB_ASSIGN_OR_RETURN(
      const bool has_entitlements,
      AddRows(
          snapshot.last_entitlement_,
          [&](int64_t after) {
            return store_.EntitlementsAfter(after, std::nullopt, kPage, timeout);
          },
          [&](EntitlementRecord& record) { snapshot.entitlements_.Put(record.entitlement); }));
  return has_tariffs || has_reports || has_entitlements;
}

absl::StatusOr<std::shared_ptr<const TariffSnapshot>> TariffBook::Now() const {
  const std::lock_guard lock(mutex_);
  const Duration age = clock_.MonotonicNow() - refreshed_;
  if (snapshot_ != nullptr && age <= max_age_) return snapshot_;
  return TariffsStale(std::chrono::duration_cast<std::chrono::milliseconds>(age).count());
}

Duration TariffBook::Age() const {
  const std::lock_guard lock(mutex_);
  return snapshot_ == nullptr ? Duration(0) : clock_.MonotonicNow() - refreshed_;
}

}  // namespace joulebook::costing
