#include "tools/export/export.h"

#include <google/protobuf/util/json_util.h>

#include "common/rpc/status_conversion.h"

namespace joulebook::exporting {
namespace {

using Service = ledger::v1::LedgerService::Stub;

constexpr Duration kCallTimeout = std::chrono::seconds(10);
constexpr Duration kRetryPause = std::chrono::milliseconds(200);
constexpr int kPageSize = 1'000;

bool IsNotSealedYet(const absl::Status& status) {
  const auto info = GetErrorInfo(status);
  return info.has_value() &&
         (info->reason == "NOT_SEALED_YET" || info->reason == "CHECKPOINT_NOT_FOUND");
}

// Repeats `call` while what it asks for is not sealed yet.
template <typename T, typename Attempt>
absl::StatusOr<T> WaitForSeal(Clock& clock, Sleeper& sleeper, Duration patience,
                              const Attempt& attempt) {
  const Duration end = clock.MonotonicNow() + patience;
  for (;;) {
    absl::StatusOr<T> result = attempt();
    if (!IsNotSealedYet(result.status()) || clock.MonotonicNow() >= end) return result;
    sleeper.SleepFor(kRetryPause);
  }
}

}  // namespace

Exporter::Exporter(const Options& options, std::ostream& out, Clock& clock, Sleeper& sleeper)
    : options_(options),
      out_(out),
      clock_(clock),
      sleeper_(sleeper),
      stub_(ledger::v1::LedgerService::NewStub(MakeChannel(options.channel))) {}

absl::Status Exporter::Write(const google::protobuf::Message& message) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) {
    return absl::InternalError("the answer cannot be written as JSON");
  }
  out_ << json << '\n';
  return out_.good() ? absl::OkStatus() : absl::UnavailableError("the output cannot be written");
}

absl::StatusOr<ledger::v1::TransferProof> Exporter::FetchProof(const std::string& transfer_id,
                                                               int64_t tree_size) {
  ledger::v1::GetTransferProofRequest request;
  request.set_transfer_id(transfer_id);
  request.set_tree_size(tree_size);
  return WaitForSeal<ledger::v1::TransferProof>(
      clock_, sleeper_, options_.patience, [&]() -> absl::StatusOr<ledger::v1::TransferProof> {
        JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &Service::GetTransferProof, request,
                                                      options_.token, kCallTimeout));
        return response.proof();
      });
}

absl::StatusOr<ledger::v1::Checkpoint> Exporter::FetchCheckpoint() {
  return WaitForSeal<ledger::v1::Checkpoint>(
      clock_, sleeper_, options_.patience, [&]() -> absl::StatusOr<ledger::v1::Checkpoint> {
        JB_ASSIGN_OR_RETURN(const auto response,
                            Call(*stub_, &Service::GetCheckpoint,
                                 ledger::v1::GetCheckpointRequest(), options_.token, kCallTimeout));
        return response.checkpoint();
      });
}

absl::Status Exporter::Proof(const std::string& transfer_id) {
  JB_ASSIGN_OR_RETURN(const auto proof, FetchProof(transfer_id, 0));
  return Write(proof);
}

absl::Status Exporter::Consistency(int64_t old_size, int64_t new_size) {
  ledger::v1::GetConsistencyProofRequest request;
  request.set_old_tree_size(old_size);
  request.set_new_tree_size(new_size);
  JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &Service::GetConsistencyProof, request,
                                                options_.token, kCallTimeout));
  return Write(response.proof());
}

absl::Status Exporter::Statement(const std::string& account_id) {
  ledger::v1::StatementExport statement;
  statement.set_account_id(account_id);
  ledger::v1::ListStatementLinesRequest request;
  request.set_account_id(account_id);
  request.set_page_size(kPageSize);
  int64_t tree_size = 0;
  std::vector<std::string> transfer_ids;
  do {
    JB_ASSIGN_OR_RETURN(const auto page, Call(*stub_, &Service::ListStatementLines, request,
                                              options_.token, kCallTimeout));
    for (const auto& line : page.lines()) {
      transfer_ids.push_back(line.transfer().request().id());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  // The last line's checkpoint covers them all.
  if (!transfer_ids.empty()) {
    JB_ASSIGN_OR_RETURN(const auto last, FetchProof(transfer_ids.back(), 0));
    tree_size = last.checkpoint().tree_size();
  }
  for (const std::string& id : transfer_ids) {
    JB_ASSIGN_OR_RETURN(*statement.add_lines(), FetchProof(id, tree_size));
  }
  return Write(statement);
}

absl::StatusOr<std::string> Exporter::FetchTariff(const std::string& hash) {
  using Costing = costing::v1::CostingService;
  const auto stub = Costing::NewStub(MakeChannel(options_.costing));
  costing::v1::GetTariffRequest request;
  request.mutable_tariff()->set_hash(hash);
  JB_ASSIGN_OR_RETURN(const auto response, Call(*stub, &Costing::Stub::GetTariff, request,
                                                options_.costing_token, kCallTimeout));
  return response.tariff().document();
}

absl::Status Exporter::Charge(const std::string& transfer_id) {
  ledger::v1::ChargeProof proof;
  JB_ASSIGN_OR_RETURN(*proof.mutable_charge(), FetchProof(transfer_id, 0));
  const ledger::v1::Transfer& charge = proof.charge().transfer();
  const ledger::v1::TransferKind kind = charge.request().kind();
  if (kind != ledger::v1::TRANSFER_KIND_POST && kind != ledger::v1::TRANSFER_KIND_CHARGE) {
    return absl::FailedPreconditionError("the transfer is no POST and no CHARGE");
  }
  if (charge.quote_id().empty()) {
    return absl::FailedPreconditionError("the transfer was not priced by a quote");
  }
  if (!charge.request().target_id().empty()) {
    JB_ASSIGN_OR_RETURN(*proof.mutable_reservation(), FetchProof(charge.request().target_id(), 0));
  }
  JB_ASSIGN_OR_RETURN(*proof.mutable_tariff_document(), FetchTariff(charge.tariff_hash()));
  return Write(proof);
}

absl::Status Exporter::Log() {
  ledger::v1::LogExportHeader header;
  JB_ASSIGN_OR_RETURN(*header.mutable_checkpoint(), FetchCheckpoint());
  JB_RETURN_IF_ERROR(Write(header));
  const int64_t size = header.checkpoint().tree_size();

  ledger::v1::ListLogRecordsRequest request;
  while (request.after_position() < size) {
    JB_ASSIGN_OR_RETURN(const auto page, Call(*stub_, &Service::ListLogRecords, request,
                                              options_.token, kCallTimeout));
    if (page.records().empty()) {
      return absl::DataLossError("the log ends before its checkpoint");
    }
    for (const auto& record : page.records()) {
      if (record.position() > size) break;
      JB_RETURN_IF_ERROR(Write(record));
    }
    request.set_after_position(page.records().rbegin()->position());
  }
  return absl::OkStatus();
}

}  // namespace joulebook::exporting
