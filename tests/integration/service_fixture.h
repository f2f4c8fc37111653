// A ledgerd of its own on a book of its own, for tests through the real client.
#pragma once

#include "absl/strings/str_replace.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "tests/integration/ledger_process.h"

namespace joulebook::ledger {

using Service = v1::LedgerService::Stub;

// 00000000-0000-7000-8000-0000000KNNNN for people to read.
inline std::string TestId(int kind, int number) {
  char text[37];
  std::snprintf(text, sizeof text, "0000000%d-0000-7000-8000-%012d", kind, number);
  return text;
}
inline std::string MemberId(int number) { return TestId(1, number); }
inline std::string TransferId(int number) { return TestId(2, number); }
inline std::string AccountId(int number) { return TestId(3, number); }
inline constexpr char kIssuer[] = "00000000-0000-7000-8000-000000000001";

inline v1::TransferRequest MakePost(const std::string& id, const std::string& debit,
                                    const std::string& credit, int64_t amount) {
  v1::TransferRequest request;
  request.set_id(id);
  request.set_kind(v1::TRANSFER_KIND_POST);
  request.set_debit_account_id(debit);
  request.set_credit_account_id(credit);
  request.set_asset_code("J");
  request.set_amount_minor(amount);
  request.set_operation_type(type::v1::OPERATION_TYPE_ENERGY_TRANSFER);
  return request;
}

inline v1::PostTransfersRequest OneItem(const v1::TransferRequest& item) {
  v1::PostTransfersRequest request;
  *request.add_transfers() = item;
  return request;
}

// The service's connection string with the superuser instead.
inline std::string AsSuperuser(const std::string& connection) {
  return absl::StrReplaceAll(connection, {{"user=ledger", "user=postgres"}});
}

// Runs the health check of the binary, as docker does.
inline bool IsHealthy(const LedgerProcess& ledger) {
  return RunCommand({BinaryPath("ledgerd"), "healthcheck", "--listen", ledger.address()}).ok();
}

class ServiceTest : public testing::Test {
 protected:
  void StartService(const std::vector<std::string>& flags = {}) {
    auto started = LedgerProcess::Start(connection_, flags);
    ASSERT_THAT(started, IsOk());
    ledger_.emplace(*std::move(started));
    stub_ = ledger_->Stub();
  }

  absl::StatusOr<v1::RegisterMemberResponse> Register(int number, const std::string& token = "") {
    v1::RegisterMemberRequest request;
    request.set_member_id(MemberId(number));
    return Call(*stub_, &Service::RegisterMember, request, token);
  }

  absl::StatusOr<v1::TransferResult> Post(const v1::TransferRequest& item,
                                          const std::string& token = "") {
    JB_ASSIGN_OR_RETURN(const auto response,
                        Call(*stub_, &Service::PostTransfers, OneItem(item), token));
    return response.results(0);
  }

  v1::Account Account(const std::string& id) {
    v1::GetAccountRequest request;
    request.set_account_id(id);
    const auto response = Call(*stub_, &Service::GetAccount, request);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->account() : v1::Account();
  }

  const std::string connection_ = PrepareBook(MakeTestDatabase());
  std::optional<LedgerProcess> ledger_;
  std::unique_ptr<Service> stub_;
};

}  // namespace joulebook::ledger
