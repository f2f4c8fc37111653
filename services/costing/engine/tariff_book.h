// The published tariffs, reports of demand and entitlements, in memory. A publication takes
// effect only after its notice, so replicas that look often enough agree on every price without
// asking each other.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/costing/domain/tariff_document.h"
#include "services/costing/engine/entitlement_map.h"
#include "services/costing/store/store.h"

namespace joulebook::costing {

struct LiveTariff {
  PublishedTariff published;
  Tariff tariff;
  absl::Status problem;  // why this replica cannot read it; then nothing is priced by it here
};

// Where the reading of a list stopped; number 0 before its first row.
struct LastRow {
  int64_t number = 0;
  Uuid mark;
};

// Everything that was published when it was made. Immutable.
class TariffSnapshot {
 public:
  // Those that could be read. In effect is the tariff of the name whose effective time is the last
  // one at or before `at`. Errors: TARIFF_NOT_FOUND, TARIFF_UNREADABLE.
  absl::StatusOr<const LiveTariff*> FindHash(const std::string& hash) const;
  absl::StatusOr<const LiveTariff*> FindVersion(const std::string& name, int64_t version) const;
  absl::StatusOr<const LiveTariff*> InEffect(const std::string& name, Time at) const;
  // When the next tariff of the name takes effect after `at`.
  std::optional<Time> NextEffective(const std::string& name, Time at) const;
  // The factor of congestion on the operation's price at a time, millionths.
  int64_t CongestionPpm(const Tariff& tariff, int32_t operation, Time at) const;
  // The member's entitlements, at any time; valid as long as the snapshot.
  std::span<const Entitlement> EntitlementsOf(const Uuid& member) const {
    return entitlements_.Of(member);
  }
  // How many of all could not be read.
  int64_t unreadable() const;
  // In the order of publication.
  const std::vector<std::shared_ptr<const LiveTariff>>& all() const { return all_; }

 private:
  friend class TariffBook;
  void Add(std::shared_ptr<const LiveTariff> tariff);

  std::vector<std::shared_ptr<const LiveTariff>> all_;
  std::map<std::string, std::shared_ptr<const LiveTariff>> by_hash_;
  // Each in the order of versions, and so of effective times.
  std::map<std::string, std::vector<std::shared_ptr<const LiveTariff>>> by_name_;
  // By tariff name and class, in the order of periods.
  std::map<std::pair<std::string, std::string>, std::vector<CongestionPeriod>> reports_;
  EntitlementMap entitlements_;
  LastRow last_tariff_;
  LastRow last_report_;
  LastRow last_entitlement_;
};

// Thread-safe.
class TariffBook {
 public:
  // A state seen longer than `max_age` ago is no more relied on; the objects that the store refers
  // to must outlive the book.
  TariffBook(Store& store, Clock& clock, ZoneFinder find_zone, Duration max_age)
      : store_(store), clock_(clock), find_zone_(std::move(find_zone)), max_age_(max_age) {}

  // Reads what is new, or everything where the database was turned back. A tariff that does not
  // parse here is kept as unreadable. Errors: those of the store; DATA_LOSS for a database that is
  // turned back while it is read.
  absl::Status Refresh(Duration timeout);
  // Errors: TARIFFS_STALE.
  absl::StatusOr<std::shared_ptr<const TariffSnapshot>> Now() const;
  // How long ago the last refresh was; 0 before the first.
  Duration Age() const;

 private:
  // Whether there was anything to add. DATA_LOSS where the database does not go on from what the
  // snapshot has.
  absl::StatusOr<bool> AddAll(TariffSnapshot& snapshot, Duration timeout) const;

  Store& store_;
  Clock& clock_;
  const ZoneFinder find_zone_;
  const Duration max_age_;

  std::mutex refreshing_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TariffSnapshot> snapshot_;
  Duration refreshed_{};
};

}  // namespace joulebook::costing
