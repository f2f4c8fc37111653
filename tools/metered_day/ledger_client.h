// The ledger as the metered day uses it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/rpc/client.h"
#include "common/status/status.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook::metered_day {

// An effect that is paid, whatever attempts it takes: the kind of effect and its id make the once
// key, the id is the reference too.
struct PaidEffect {
  std::string domain;
  std::string id;
};

// Joules that go from one account to another; `id` is that of this attempt.
ledger::v1::TransferRequest MakePayment(const std::string& id, const std::string& from,
                                        const std::string& to, int64_t microjoules,
                                        const PaidEffect& effect);

class LedgerClient {
 public:
  LedgerClient(const ClientOptions& options, std::string token);

  absl::Status RegisterMember(const std::string& id, const std::string& name);
  // Gives the member this reputation, all components alike.
  absl::Status SetReputation(const std::string& change_id, const std::string& member_id,
                             int32_t ppm);
  // An account of joules; `owner` is a member or empty.
  absl::Status OpenAccount(const std::string& id, const std::string& owner,
                           ledger::v1::AccountRole role);
  absl::StatusOr<ledger::v1::PostTransfersResponse> Post(
      const ledger::v1::PostTransfersRequest& request);
  absl::StatusOr<ledger::v1::Transfer> GetTransfer(const std::string& id);

  using Stream = grpc::ClientReaderWriter<ledger::v1::StreamTransfersRequest,
                                          ledger::v1::StreamTransfersResponse>;
  // The context must outlive the stream.
  std::unique_ptr<Stream> OpenStream(grpc::ClientContext& context);

  // Calls `visit` with every account of the book, and with every committed transfer in book order.
  absl::Status VisitAccounts(const std::function<void(const ledger::v1::Account&)>& visit);
  absl::Status VisitTransfers(const std::function<void(const ledger::v1::Transfer&)>& visit);

 private:
  std::unique_ptr<ledger::v1::LedgerService::Stub> stub_;
  const std::string token_;
};

}  // namespace joulebook::metered_day
