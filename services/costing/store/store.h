// The data that costing keeps, in the words of the domain.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/costing/domain/entitlement.h"
#include "services/costing/domain/publish.h"
#include "services/costing/domain/revenue.h"

namespace joulebook::costing {

// A report with its place in the order of reports.
struct NumberedReport {
  int64_t number = 0;
  CongestionPeriod report;
  Uuid mark;
};

struct EarningFilter {
  std::optional<Uuid> provider;
  std::optional<EarningState> state;
};

// Tariffs, reports and entitlements are numbered without gaps. Each also has a random mark: a row
// with the number and the mark of one that was read before is that one, and all before it are as
// they were. Another mark, or no row, means that the database was turned back since.
//
// Thread-safe. Errors of every call: UNAVAILABLE when the database cannot be reached,
// RESOURCE_EXHAUSTED when no connection came free, DEADLINE_EXCEEDED when time ran out, INTERNAL.
// Decisions may run several times for one commit; their errors come back and nothing is written.
class Store {
 public:
  virtual ~Store() = default;

  // In the order of publication, those after `after`; with their documents.
  virtual absl::StatusOr<std::vector<PublishedTariff>> TariffsAfter(int64_t after, int limit,
                                                                    Duration timeout) = 0;
  using PublicationDecision = std::function<absl::StatusOr<Recorded<PublishedTariff>>(
      const std::vector<PublishedTariff>& of_name)>;
  // Shows all tariffs of the name, oldest first, and writes what is decided, numbered. One at a
  // time.
  virtual absl::StatusOr<Recorded<PublishedTariff>> Publish(const std::string& name,
                                                            Duration timeout,
                                                            const PublicationDecision& decide) = 0;

  // In the order of commits, those after `after`; with `member`, only its own.
  virtual absl::StatusOr<std::vector<EntitlementRecord>> EntitlementsAfter(
      int64_t after, const std::optional<Uuid>& member, int limit, Duration timeout) = 0;
  using EntitlementDecision = std::function<absl::StatusOr<Recorded<EntitlementRecord>>(
      const std::vector<EntitlementRecord>& of_id)>;
  // Shows all records of the id, oldest first, and writes what is decided, numbered. One at a time.
  virtual absl::StatusOr<Recorded<EntitlementRecord>> RecordEntitlement(
      const Uuid& id, Duration timeout, const EntitlementDecision& decide) = 0;

  // In the order of reports, those after `after`.
  virtual absl::StatusOr<std::vector<NumberedReport>> ReportsAfter(int64_t after, int limit,
                                                                   Duration timeout) = 0;
  // The reports of one class, by period, those after `after_period`.
  virtual absl::StatusOr<std::vector<CongestionPeriod>> ListReports(const std::string& tariff_name,
                                                                    const std::string& class_name,
                                                                    int64_t after_period, int limit,
                                                                    Duration timeout) = 0;
  using ReportDecision = std::function<absl::StatusOr<Recorded<CongestionPeriod>>(
      const std::optional<CongestionPeriod>& last)>;
  // Shows the class's last report up to `period`, and writes what is decided. One at a time.
  virtual absl::StatusOr<Recorded<CongestionPeriod>> Report(const std::string& tariff_name,
                                                            const std::string& class_name,
                                                            int64_t period, Duration timeout,
                                                            const ReportDecision& decide) = 0;

  // Remembers a proof (32 bytes) until `expires`; false if it is remembered already.
  virtual absl::StatusOr<bool> AddProof(const std::string& hash, Time expires,
                                        Duration timeout) = 0;
  // Forgets the proofs that expired before `now`; how many.
  virtual absl::StatusOr<int64_t> ForgetProofs(Time now, Duration timeout) = 0;

  using ClaimDecision = std::function<absl::StatusOr<Recorded<Earning>>(
      const std::optional<Earning>& same_id, const std::optional<Earning>& overlapping)>;
  // Shows the earning that has the claim's id and one that is not rejected and has some of its time
  // (of the same provider and source, and of the same resource or one of the two of all), and
  // writes what is decided, numbered. One at a time. TARIFF_NOT_FOUND where the decided tariff is
  // not published, as memory may have it that is older than its database.
  virtual absl::StatusOr<Recorded<Earning>> AddEarning(const EarningClaim& claim, Duration timeout,
                                                       const ClaimDecision& decide) = 0;
  using StateDecision = std::function<absl::Status(const Earning& earning)>;
  // Shows the earning, locked, and sets its state if `decide` agrees. Nothing where there is none.
  virtual absl::StatusOr<std::optional<Earning>> SetEarningState(const Uuid& id, EarningState state,
                                                                 Duration timeout,
                                                                 const StateDecision& decide) = 0;
  // In the order of claims, those after `after`.
  virtual absl::StatusOr<std::vector<Earning>> ListEarnings(const EarningFilter& filter,
                                                            int64_t after, int limit,
                                                            Duration timeout) = 0;
  // The sums of earnings that end in [start, end). PRICE_OUT_OF_RANGE for a sum that does not fit.
  virtual absl::StatusOr<std::vector<EarningSum>> EarningSumsOfPeriod(const Uuid& provider,
                                                                      Time start, Time end,
                                                                      Duration timeout) = 0;
};

}  // namespace joulebook::costing
