// A real costing service and a real ledger that never calls it, with two members and an account of
// role ESCROW, which is who the shipped tariffs pay.
#pragma once

#include <fstream>

#include "common/crypto/note.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {

using costing::SearchItem;
using costing::StoreItem;

class QuotedTransfersTest : public costing::CostingTest {
 protected:
  virtual std::vector<std::string> CostingFlags() const { return {}; }

  void SetUp() override {
    std::ofstream(Path("verifier-keys")) << signer_.verifier().ToString() << "\n";
    const auto log_key = RunCommand({BinaryPath("ledgerd"), "new-log-key", "test/ledger"});
    ASSERT_THAT(log_key, IsOk());
    std::ofstream(Path("log-keys")) << *log_key;
    StartService(CostingFlags());
    auto started = LedgerProcess::Start(
        book_, {"--quote-keys-file", Path("verifier-keys"), "--log-keys-file", Path("log-keys"),
                "--log-memory-file", Path("log-memory"), "--seal-interval-ms", "50"});
    ASSERT_THAT(started, IsOk());
    ledger_.emplace(*std::move(started));
    ledger_stub_ = ledger_->Stub();
    for (int number = 1; number <= 2; ++number) {
      v1::RegisterMemberRequest request;
      request.set_member_id(MemberId(number));
      ASSERT_THAT(Call(*ledger_stub_, &Service::RegisterMember, request), IsOk());
    }
    OpenAccount(escrow_, "", v1::ACCOUNT_ROLE_ESCROW);
  }

  void OpenAccount(const std::string& id, const std::string& owner, v1::AccountRole role) {
    v1::CreateAccountRequest request;
    request.set_account_id(id);
    request.set_owner_member_id(owner);
    request.set_asset_code("J");
    request.set_role(role);
    ASSERT_THAT(Call(*ledger_stub_, &Service::CreateAccount, request), IsOk());
  }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  // The result's code, without its prefix.
  std::string Post(const v1::TransferRequest& item) {
    const auto response = Call(*ledger_stub_, &Service::PostTransfers, OneItem(item));
    EXPECT_THAT(response, IsOk());
    return v1::TransferResultCode_Name(response->results(0).code())
        .substr(sizeof("TRANSFER_RESULT_CODE_") - 1);
  }

  // The amounts that the transfers with this reference moved.
  std::vector<int64_t> PaymentsOf(const std::string& reference) {
    v1::ListTransfersRequest list;
    list.set_reference(reference);
    const auto found = Call(*ledger_stub_, &Service::ListTransfers, list);
    EXPECT_THAT(found, IsOk());
    std::vector<int64_t> moved;
    for (const auto& transfer : found->transfers()) moved.push_back(transfer.moved_minor());
    return moved;
  }

  v1::TransferRequest Reserve(int number, const costing::v1::Quote& quote) const {
    v1::TransferRequest request = MakePost(TransferId(number), quote.terms().member_id(), escrow_,
                                           quote.terms().total_microjoules());
    request.set_kind(v1::TRANSFER_KIND_RESERVE);
    request.set_operation_type(quote.terms().usage().operation_type());
    *request.mutable_quote() = quote.signed_quote();
    return request;
  }
  static v1::TransferRequest Charge(int number, int hold, int64_t amount) {
    v1::TransferRequest request;
    request.set_id(TransferId(number));
    request.set_kind(v1::TRANSFER_KIND_CHARGE);
    request.set_target_id(TransferId(hold));
    request.set_amount_minor(amount);
    return request;
  }

  // With the hold's settlement.
  static v1::TransferRequest Charge(int number, int hold, const costing::v1::Quote& settlement) {
    auto request = Charge(number, hold, settlement.terms().total_microjoules());
    *request.mutable_quote() = settlement.signed_quote();
    return request;
  }

  costing::v1::Quote Settled(const costing::v1::Quote& quote, int64_t found_results) {
    costing::v1::SettleQuoteRequest settle;
    *settle.mutable_quote() = quote.signed_quote();
    settle.set_found_results(found_results);
    const auto settled = Call(*stub_, &costing::Service::SettleQuote, settle);
    EXPECT_THAT(settled, IsOk());
    return settled.ok() ? settled->quote() : costing::v1::Quote();
  }

  // Another offer of the session's, with the settlement of what was used of the grant.
  costing::v1::UpdateSessionResponse Update(const costing::v1::Quote& grant, int64_t used_units,
                                            int64_t wanted_units) {
    costing::v1::UpdateSessionRequest update;
    *update.mutable_grant() = grant.signed_quote();
    update.set_used_units(used_units);
    update.set_wanted_units(wanted_units);
    const auto updated = Call(*stub_, &costing::Service::UpdateSession, update);
    EXPECT_THAT(updated, IsOk());
    return updated.ok() ? *updated : costing::v1::UpdateSessionResponse();
  }

  // A session of the item by bytes.
  costing::v1::Quote OpenSession(int number, int64_t wanted_units,
                                 const costing::v1::QuoteItem& item) {
    costing::v1::OpenSessionRequest open;
    open.set_session_id(costing::TestId(5, number));
    *open.mutable_item() = item;
    open.set_unit(type::v1::METERED_UNIT_BYTES);
    open.set_wanted_units(wanted_units);
    const auto opened = Call(*stub_, &costing::Service::OpenSession, open);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? opened->grant() : costing::v1::Quote();
  }
  // A session that retrieves a block by bytes.
  costing::v1::Quote OpenSession(int number, int64_t wanted_units, int member = 1) {
    auto item = StoreItem(member);
    item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
    return OpenSession(number, wanted_units, item);
  }

  v1::Balances BalancesOf(const std::string& account) {
    v1::GetAccountRequest get;
    get.set_account_id(account);
    const auto found = Call(*ledger_stub_, &Service::GetAccount, get);
    EXPECT_THAT(found, IsOk());
    return found.ok() ? found->account().balances() : v1::Balances();
  }

  const std::string book_ = PrepareBook(superuser_connection_);
  const std::string escrow_ = AccountId(99);
  std::optional<LedgerProcess> ledger_;
  std::unique_ptr<Service> ledger_stub_;
};

}  // namespace joulebook::ledger
