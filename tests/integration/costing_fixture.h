// A costingd of its own on a database of its own, for tests through the real client.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <pqxx/binarystring>
#include <pqxx/connection>
#include <pqxx/nontransaction>

#include "common/crypto/note.h"
#include "common/crypto/sha256.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"
#include "services/costing/domain/tariff_document.h"
#include "services/costing/store/sql.h"
#include "tests/integration/service_process.h"

namespace joulebook::costing {

using Service = v1::CostingService::Stub;

// 0000000K-0000-7000-8000-NNNNNNNNNNNN for people to read.
inline std::string TestId(int kind, int number) {
  char text[37];
  std::snprintf(text, sizeof text, "0000000%d-0000-7000-8000-%012d", kind, number);
  return text;
}
inline std::string MemberId(int number) { return TestId(1, number); }

// Store 1 MB for 30 days in 3 copies, as in the sources' worked example. The utility is the one
// that scales storage by 1, less half a millionth.
inline v1::QuoteItem StoreItem(int member = 1) {
  v1::QuoteItem item;
  item.set_member_id(MemberId(member));
  type::v1::Usage& usage = *item.mutable_usage();
  usage.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  usage.set_data_size_bytes(1 << 20);
  usage.set_duration_s(30 * 86'400);
  usage.set_redundancy(3);
  usage.set_reputation_ppm(500'000);
  usage.set_utility_ppm(666'667);
  return item;
}

inline v1::QuoteItem SearchItem(int64_t results) {
  v1::QuoteItem item;
  item.set_member_id(MemberId(1));
  type::v1::Usage& usage = *item.mutable_usage();
  usage.set_operation_type(type::v1::OPERATION_TYPE_NODE_SEARCH);
  usage.set_nodes(10);
  usage.set_results(results);
  usage.set_timeout_ms(5'000);
  usage.set_reputation_ppm(1'000'000);
  return item;
}

// For the member, without an end; what it is entitled to is left out.
inline v1::Entitlement MakeEntitlement(int number, int member) {
  v1::Entitlement entitlement;
  entitlement.set_entitlement_id(TestId(7, number));
  entitlement.set_member_id(MemberId(member));
  entitlement.mutable_start_time()->set_seconds(1);
  return entitlement;
}

class CostingTest : public testing::Test {
 protected:
  CostingTest() { std::ofstream(keys_path_) << signer_.ToString() << "\n"; }

  absl::StatusOr<ServiceProcess> StartReplica(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> all = {"--quote-keys-file", keys_path_};
    all.insert(all.end(), flags.begin(), flags.end());
    return ServiceProcess::Start("costingd", connection_, all);
  }
  void StartService(const std::vector<std::string>& flags = {}) {
    auto started = StartReplica(flags);
    ASSERT_THAT(started, IsOk());
    costing_.emplace(*std::move(started));
    stub_ = costing_->StubOf<v1::CostingService>({});
  }

  absl::StatusOr<v1::Quote> QuoteOf(const v1::QuoteItem& item, const std::string& token = "") {
    v1::QuoteRequest request;
    *request.mutable_item() = item;
    JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &Service::Quote, request, token));
    return response.quote();
  }

  // A provider's claim of one day of network work.
  static v1::RecordEarningRequest EarningRequest() {
    v1::RecordEarningRequest record;
    v1::Earning& earning = *record.mutable_earning();
    earning.set_earning_id(TestId(6, 1));
    earning.set_provider_member_id(MemberId(9));
    earning.set_source(v1::EARNING_SOURCE_NETWORK);
    earning.set_units(1'000);
    earning.set_first_factor_ppm(1'000'000);
    earning.set_second_factor_ppm(1'000'000);
    earning.mutable_start_time()->set_seconds(1'700'000'000);
    earning.mutable_end_time()->set_seconds(1'700'086'400);
    return record;
  }

  absl::StatusOr<v1::GrantEntitlementResponse> Grant(const v1::Entitlement& entitlement) {
    v1::GrantEntitlementRequest request;
    *request.mutable_entitlement() = entitlement;
    return Call(*stub_, &Service::GrantEntitlement, request);
  }
  // Lets member 1 be quoted by the tariff.
  absl::Status GrantTariff(const std::string& name) {
    v1::Entitlement entitlement = MakeEntitlement(1, 1);
    entitlement.set_tariff_name(name);
    return Grant(entitlement).status();
  }

  static std::string ShippedDocument(const std::string& name, const std::string& patch) {
    std::ifstream file(JOULEBOOK_SOURCE_DIR "/services/costing/tariffs/" + name + ".json");
    nlohmann::json document = nlohmann::json::parse(file);
    document.merge_patch(nlohmann::json::parse(patch));
    return document.dump();
  }

  // A tariff of its name that the service finds when it starts: in effect since `effective_us` of
  // the document, without notice.
  void PutInEffect(const std::string& document) {
    const TariffDocument tariff = ParseTariff(document, absl::LoadTimeZone).value();
    const Sha256Digest hash = Sha256(tariff.canonical);
    pqxx::connection session(superuser_connection_);
    pqxx::nontransaction writer(session);
    writer.exec_params(sql::kInsertTariff, pqxx::binarystring(hash.data(), hash.size()),
                       tariff.tariff.name, tariff.tariff.version,
                       tariff.tariff.effective.time_since_epoch().count(), 0, tariff.canonical, "");
  }

  // A replica where a tariff may take effect soon after its publication.
  static std::vector<std::string> ShortNotice() {
    return {"--notice-period-ms",    "6000", "--quote-ahead-ms",     "0",
            "--quote-validity-ms",   "1000", "--refresh-max-age-ms", "3000",
            "--refresh-interval-ms", "50",   "--call-timeout-ms",    "2000"};
  }
  // From when on a tariff is in effect that is published now at such a replica: soon, but so that a
  // slow machine has some seconds for the publication.
  static int64_t SoonUs() { return NowUs() + 11'000'000; }

  static int64_t NowUs() { return SystemClock().Now().time_since_epoch().count(); }
  // Until a moment later than that, for clocks that are a little behind.
  static void SleepUntil(int64_t instant_us) {
    ThreadSleeper().SleepFor(Duration(instant_us - NowUs()) + std::chrono::milliseconds(100));
  }

  // The hour before this one, while a report of it is due for some time yet.
  static int64_t DueHour() {
    const int64_t second_of_hour = NowUs() / 1'000'000 % 3'600;
    if (second_of_hour > 3'570) SleepUntil(NowUs() + (3'600 - second_of_hour) * 1'000'000);
    return NowUs() / 1'000'000 / 3'600 - 1;
  }

  absl::StatusOr<v1::PublishTariffResponse> Publish(const std::string& document) {
    v1::PublishTariffRequest request;
    request.set_document(document);
    return Call(*stub_, &Service::PublishTariff, request);
  }

  const std::string superuser_connection_ = MakeTestDatabase();
  const std::string connection_ = PrepareSchema("costing", superuser_connection_);
  const std::string directory_ = MakeTempDir();
  const std::string keys_path_ = directory_ + "/quote-keys";
  const NoteSigner signer_ = *NoteSigner::Make("test/costing", std::string(32, 'q'));
  std::optional<ServiceProcess> costing_;
  std::unique_ptr<Service> stub_;
};

}  // namespace joulebook::costing
