#include "services/costing/store/pg_store.h"

#include <pqxx/binarystring>
#include <pqxx/result>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "common/db/arrays.h"
#include "common/status/check.h"
#include "services/costing/domain/errors.h"
#include "services/costing/store/sql.h"

namespace joulebook::costing {
namespace {

using Transaction = pqxx::transaction_base;

int64_t ToMicros(Time time) { return time.time_since_epoch().count(); }
Time ReadTime(const pqxx::field& field) { return Time(Duration(field.as<int64_t>())); }

pqxx::binarystring ToBinary(const std::string& bytes) { return {bytes.data(), bytes.size()}; }
std::string ReadBytes(const pqxx::field& field) {
  return FromByteaText({field.c_str(), field.size()});
}

Uuid ReadId(const pqxx::field& field) {
  const auto id = Uuid::Parse({field.c_str(), field.size()});
  JB_CHECK(id.has_value());
  return *id;
}

PublishedTariff ReadTariff(const pqxx::row& row) {
  return {.number = row[0].as<int64_t>(),
          .hash = ReadBytes(row[1]),
          .name = row[2].as<std::string>(),
          .version = row[3].as<int64_t>(),
          .effective = ReadTime(row[4]),
          .published = ReadTime(row[5]),
          .document = row[6].as<std::string>(),
          .tzdata_version = row[7].as<std::string>(),
          .mark = ReadId(row[8])};
}

EntitlementRecord ReadEntitlement(const pqxx::row& row) {
  EntitlementRecord record{
      .number = row[0].as<int64_t>(), .recorded = ReadTime(row[8]), .mark = ReadId(row[9])};
  Entitlement& entitlement = record.entitlement;
  entitlement.id = ReadId(row[1]);
  entitlement.is_revoked = row[2].as<bool>();
  entitlement.member = ReadId(row[3]);
  entitlement.kind = static_cast<Entitlement::Kind>(row[4].as<int>());
  entitlement.name = row[5].as<std::string>();
  entitlement.start = ReadTime(row[6]);
  if (!row[7].is_null()) entitlement.end = ReadTime(row[7]);
  return record;
}

NumberedReport ReadReport(const pqxx::row& row) {
  return {.number = row[0].as<int64_t>(),
          .report = {.tariff_name = row[1].as<std::string>(),
                     .class_name = row[2].as<std::string>(),
                     .period = row[3].as<int64_t>(),
                     .demand = row[4].as<int64_t>(),
                     .next_factor_ppm = row[5].as<int64_t>()},
          .mark = ReadId(row[6])};
}

Earning ReadEarning(const pqxx::row& row) {
  Earning earning;
  EarningClaim& claim = earning.claim;
  claim.id = ReadId(row[0]);
  claim.provider = ReadId(row[1]);
  claim.source = static_cast<EarningSource>(row[2].as<int>() - 1);
  claim.units = row[3].as<int64_t>();
  claim.first_factor_ppm = row[4].as<int64_t>();
  claim.second_factor_ppm = row[5].as<int64_t>();
  claim.start = ReadTime(row[6]);
  claim.end = ReadTime(row[7]);
  earning.amount = row[8].as<int64_t>();
  earning.tariff_hash = ReadBytes(row[9]);
  earning.state = static_cast<EarningState>(row[10].as<int>());
  claim.resource = ReadId(row[11]);
  earning.number = row[12].as<int64_t>();
  return earning;
}

std::optional<Earning> First(const pqxx::result& rows) {
  return rows.empty() ? std::nullopt : std::optional(ReadEarning(rows[0]));
}

template <typename Convert>
auto All(const pqxx::result& rows, const Convert& convert) {
  std::vector<decltype(convert(rows[0]))> values;
  for (const auto& row : rows) values.push_back(convert(row));
  return values;
}

class PgStore final : public Store {
 public:
  explicit PgStore(const Database& database) : database_(database) {}

  absl::StatusOr<std::vector<PublishedTariff>> TariffsAfter(int64_t after, int limit,
                                                            Duration timeout) override {
    return Read<std::vector<PublishedTariff>>(timeout, [&](Transaction& tx) {
      return All(tx.exec_params(sql::kTariffsAfter, after, limit), ReadTariff);
    });
  }

  absl::StatusOr<Recorded<PublishedTariff>> Publish(const std::string& name, Duration timeout,
                                                    const PublicationDecision& decide) override {
    return Write<Recorded<PublishedTariff>>(
        timeout, [&](Transaction& tx) -> absl::StatusOr<Recorded<PublishedTariff>> {
          tx.exec(sql::kLockTariffs);
          JB_ASSIGN_OR_RETURN(auto decided,
                              decide(All(tx.exec_params(sql::kTariffsOfName, name), ReadTariff)));
          if (!decided.is_new) return decided;
          PublishedTariff& tariff = decided.value;
          tariff.number =
              tx.exec_params(sql::kInsertTariff, ToBinary(tariff.hash), tariff.name, tariff.version,
                             ToMicros(tariff.effective), ToMicros(tariff.published),
                             tariff.document, tariff.tzdata_version)[0][0]
                  .as<int64_t>();
          return decided;
        });
  }

  absl::StatusOr<std::vector<EntitlementRecord>> EntitlementsAfter(
      int64_t after, const std::optional<Uuid>& member, int limit, Duration timeout) override {
    std::optional<std::string> of_member;
    if (member.has_value()) of_member = member->ToString();
    return Read<std::vector<EntitlementRecord>>(timeout, [&](Transaction& tx) {
      return All(tx.exec_params(sql::kEntitlementsAfter, after, limit, of_member), ReadEntitlement);
    });
  }

  absl::StatusOr<Recorded<EntitlementRecord>> RecordEntitlement(
      const Uuid& id, Duration timeout, const EntitlementDecision& decide) override {
    return Write<Recorded<EntitlementRecord>>(
        timeout, [&](Transaction& tx) -> absl::StatusOr<Recorded<EntitlementRecord>> {
          tx.exec(sql::kLockEntitlements);
          JB_ASSIGN_OR_RETURN(
              auto decided,
              decide(All(tx.exec_params(sql::kEntitlementsOfId, id.ToString()), ReadEntitlement)));
          if (!decided.is_new) return decided;
          const Entitlement& entitlement = decided.value.entitlement;
          std::optional<int64_t> end;
          if (entitlement.end.has_value()) end = ToMicros(*entitlement.end);
          decided.value.number =
              tx.exec_params(sql::kInsertEntitlement, id.ToString(), entitlement.is_revoked,
                             entitlement.member.ToString(), static_cast<int>(entitlement.kind),
                             entitlement.name, ToMicros(entitlement.start), end,
                             ToMicros(decided.value.recorded))[0][0]
                  .as<int64_t>();
          return decided;
        });
  }

  absl::StatusOr<std::vector<NumberedReport>> ReportsAfter(int64_t after, int limit,
                                                           Duration timeout) override {
    return Read<std::vector<NumberedReport>>(timeout, [&](Transaction& tx) {
      return All(tx.exec_params(sql::kReportsAfter, after, limit), ReadReport);
    });
  }

  absl::StatusOr<std::vector<CongestionPeriod>> ListReports(const std::string& tariff_name,
                                                            const std::string& class_name,
                                                            int64_t after_period, int limit,
                                                            Duration timeout) override {
    return Read<std::vector<CongestionPeriod>>(timeout, [&](Transaction& tx) {
      return All(tx.exec_params(sql::kReportsOfClass, tariff_name, class_name, after_period, limit),
                 [](const pqxx::row& row) { return ReadReport(row).report; });
    });
  }

  absl::StatusOr<Recorded<CongestionPeriod>> Report(const std::string& tariff_name,
                                                    const std::string& class_name, int64_t period,
                                                    Duration timeout,
                                                    const ReportDecision& decide) override {
    return Write<Recorded<CongestionPeriod>>(
        timeout, [&](Transaction& tx) -> absl::StatusOr<Recorded<CongestionPeriod>> {
          tx.exec(sql::kLockReports);
          const auto last = tx.exec_params(sql::kLastReport, tariff_name, class_name, period);
          JB_ASSIGN_OR_RETURN(
              const auto decided,
              decide(last.empty() ? std::nullopt : std::optional(ReadReport(last[0]).report)));
          const CongestionPeriod& report = decided.value;
          if (decided.is_new) {
            tx.exec_params(sql::kInsertReport, report.tariff_name, report.class_name, report.period,
                           report.demand, report.next_factor_ppm);
          }
          return decided;
        });
  }

  absl::StatusOr<bool> AddProof(const std::string& hash, Time expires, Duration timeout) override {
    return Write<bool>(timeout, [&](Transaction& tx) -> absl::StatusOr<bool> {
      return tx.exec_params(sql::kInsertProof, ToBinary(hash), ToMicros(expires)).affected_rows() ==
             1;
    });
  }

  absl::StatusOr<int64_t> ForgetProofs(Time now, Duration timeout) override {
    return Write<int64_t>(timeout, [&](Transaction& tx) -> absl::StatusOr<int64_t> {
      return static_cast<int64_t>(
          tx.exec_params(sql::kDeleteProofs, ToMicros(now)).affected_rows());
    });
  }

  absl::StatusOr<Recorded<Earning>> AddEarning(const EarningClaim& claim, Duration timeout,
                                               const ClaimDecision& decide) override {
    return Write<Recorded<Earning>>(
        timeout, [&](Transaction& tx) -> absl::StatusOr<Recorded<Earning>> {
          tx.exec(sql::kLockEarnings);
          const int source = static_cast<int>(claim.source) + 1;
          const std::string provider = claim.provider.ToString();
          const std::string resource = claim.resource.ToString();
          JB_ASSIGN_OR_RETURN(
              auto decided,
              decide(First(tx.exec_params(sql::kEarning, claim.id.ToString())),
                     First(tx.exec_params(sql::kOverlappingEarning, provider, source, resource,
                                          ToMicros(claim.start), ToMicros(claim.end)))));
          if (!decided.is_new) return decided;
          Earning& earning = decided.value;
          const pqxx::result inserted = tx.exec_params(
              sql::kInsertEarning, claim.id.ToString(), provider, source, claim.units,
              claim.first_factor_ppm, claim.second_factor_ppm, ToMicros(claim.start),
              ToMicros(claim.end), earning.amount, ToBinary(earning.tariff_hash),
              static_cast<int>(earning.state), resource);
          if (inserted.empty()) return TariffNotFound(absl::BytesToHexString(earning.tariff_hash));
          earning.number = inserted[0][0].as<int64_t>();
          return decided;
        });
  }

  absl::StatusOr<std::optional<Earning>> SetEarningState(const Uuid& id, EarningState state,
                                                         Duration timeout,
                                                         const StateDecision& decide) override {
    return Write<std::optional<Earning>>(
        timeout, [&](Transaction& tx) -> absl::StatusOr<std::optional<Earning>> {
          const pqxx::result rows = tx.exec_params(sql::kLockEarning, id.ToString());
          if (rows.empty()) return std::nullopt;
          Earning earning = ReadEarning(rows[0]);
          JB_RETURN_IF_ERROR(decide(earning));
          if (earning.state == state) return earning;
          tx.exec_params(sql::kSetEarningState, id.ToString(), static_cast<int>(state));
          earning.state = state;
          return earning;
        });
  }

  absl::StatusOr<std::vector<Earning>> ListEarnings(const EarningFilter& filter, int64_t after,
                                                    int limit, Duration timeout) override {
    std::optional<std::string> provider;
    std::optional<int> state;
    if (filter.provider.has_value()) provider = filter.provider->ToString();
    if (filter.state.has_value()) state = static_cast<int>(*filter.state);
    return Read<std::vector<Earning>>(timeout, [&](Transaction& tx) {
      return All(tx.exec_params(sql::kEarnings, after, limit, provider, state), ReadEarning);
    });
  }

  absl::StatusOr<std::vector<EarningSum>> EarningSumsOfPeriod(const Uuid& provider, Time start,
                                                              Time end, Duration timeout) override {
    using Sums = std::vector<EarningSum>;
    return Read<Sums>(timeout, [&](Transaction& tx) -> absl::StatusOr<Sums> {
      Sums sums;
      for (const auto& row : tx.exec_params(sql::kEarningSumsOfPeriod, provider.ToString(),
                                            ToMicros(start), ToMicros(end))) {
        EarningSum& sum = sums.emplace_back();
        sum.source = static_cast<EarningSource>(row[0].as<int>() - 1);
        sum.state = static_cast<EarningState>(row[1].as<int>());
        if (!absl::SimpleAtoi(row[2].c_str(), &sum.amount)) return PriceOutOfRange();
      }
      return sums;
    });
  }

 private:
  template <typename T, typename Body>
  absl::StatusOr<T> Read(Duration timeout, const Body& body) {
    T result{};
    JB_RETURN_IF_ERROR(RunTransaction(
        database_, {.isolation = Isolation::kRepeatableReadReadOnly, .timeout = timeout},
        [&](Transaction& tx) -> absl::Status {
          JB_ASSIGN_OR_RETURN(result, absl::StatusOr<T>(body(tx)));
          return absl::OkStatus();
        }));
    return result;
  }

  template <typename T, typename Body>
  absl::StatusOr<T> Write(Duration timeout, const Body& body) {
    T result{};
    JB_RETURN_IF_ERROR(
        RunTransaction(database_, {.timeout = timeout}, [&](Transaction& tx) -> absl::Status {
          JB_ASSIGN_OR_RETURN(result, body(tx));
          return absl::OkStatus();
        }));
    return result;
  }

  const Database database_;
};

}  // namespace

std::unique_ptr<Store> MakePgStore(const Database& database) {
  return std::make_unique<PgStore>(database);
}

}  // namespace joulebook::costing
