// Bad input and callers without rights: a precise error each, and nothing changes.

#include <grpcpp/generic/generic_stub.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "common/crypto/sha256.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

class HostileTest : public ServiceTest {
 protected:
  std::string WriteFile(const std::string& name, const std::string& content) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << content;
    return path;
  }

  const std::string directory_ = MakeTempDir();
};

TEST_F(HostileTest, ItemsAreRefusedOneByOneAndNothingChanges) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  const v1::TransferRequest good = MakePost(TransferId(1), MemberId(1), MemberId(2), 1);
  struct Case {
    std::function<void(v1::TransferRequest&)> spoil;
    v1::TransferResultCode code;
  };
  const Case cases[] = {
      {[](auto& r) { r.set_id(""); }, v1::TRANSFER_RESULT_CODE_ID_MALFORMED},
      {[](auto& r) { r.set_id("00000000-0000-0000-0000-000000000000"); },
       v1::TRANSFER_RESULT_CODE_ID_MUST_NOT_BE_NIL},
      {[](auto& r) { r.set_id("ffffffff-ffff-ffff-ffff-ffffffffffff"); },
       v1::TRANSFER_RESULT_CODE_ID_MUST_NOT_BE_MAX},
      {[](auto& r) { r.set_kind(static_cast<v1::TransferKind>(4711)); },
       v1::TRANSFER_RESULT_CODE_KIND_INVALID},
      {[](auto& r) { r.set_operation_type(static_cast<type::v1::OperationType>(-5)); },
       v1::TRANSFER_RESULT_CODE_OPERATION_TYPE_INVALID},
      {[](auto& r) { r.set_amount_minor(0); }, v1::TRANSFER_RESULT_CODE_AMOUNT_MUST_BE_POSITIVE},
      {[](auto& r) { r.set_amount_minor(-1); }, v1::TRANSFER_RESULT_CODE_AMOUNT_MUST_BE_POSITIVE},
      {[](auto& r) { r.set_amount_minor(kMax); }, v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE},
      {[](auto& r) { r.set_credit_account_id(MemberId(1)); },
       v1::TRANSFER_RESULT_CODE_ACCOUNTS_MUST_BE_DIFFERENT},
      {[](auto& r) { r.set_asset_code("'; DROP TABLE"); },
       v1::TRANSFER_RESULT_CODE_ASSET_CODE_MALFORMED},
      {[](auto& r) { r.set_reference(std::string("nul\0inside", 10)); },
       v1::TRANSFER_RESULT_CODE_REFERENCE_INVALID},
      {[](auto& r) { (*r.mutable_metadata())[""] = "x"; },
       v1::TRANSFER_RESULT_CODE_METADATA_INVALID},
      {[](auto& r) { r.mutable_effective_time()->set_nanos(1); },
       v1::TRANSFER_RESULT_CODE_EFFECTIVE_TIME_INVALID},
  };
  int number = 100;
  for (const Case& c : cases) {
    v1::TransferRequest item = good;
    item.set_id(TransferId(++number));
    c.spoil(item);
    const auto result = Post(item);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(v1::TransferResultCode_Name(result->code()), v1::TransferResultCode_Name(c.code));
    EXPECT_EQ(result->position(), 0);
  }
  EXPECT_EQ(Account(MemberId(1)).balances().version(), 1);
  EXPECT_EQ(Account(MemberId(2)).balances().version(), 1);
}

TEST_F(HostileTest, BatchesAreOneTo8190Items) {
  StartService();
  v1::PostTransfersRequest request;
  EXPECT_THAT(Call(*stub_, &Service::PostTransfers, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "TOO_MANY_ITEMS"));
  for (int i = 0; i < 8'190; ++i) {
    *request.add_transfers() = MakePost(TransferId(i), AccountId(1), AccountId(2), 1);
  }
  const auto full = Call(*stub_, &Service::PostTransfers, request);
  ASSERT_THAT(full, IsOk());
  EXPECT_EQ(full->results(8'189).code(), v1::TRANSFER_RESULT_CODE_DEBIT_ACCOUNT_NOT_FOUND);
  *request.add_transfers() = MakePost(TransferId(9'000), AccountId(1), AccountId(2), 1);
  EXPECT_THAT(Call(*stub_, &Service::PostTransfers, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "TOO_MANY_ITEMS"));
}

TEST_F(HostileTest, UnaryFieldsAreNamed) {
  StartService();
  const auto field_of = [](const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    const auto info = GetErrorInfo(status);
    return info.has_value() ? info->metadata.at("field") : "";
  };
  v1::RegisterMemberRequest member;
  member.set_member_id("00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(field_of(Call(*stub_, &Service::RegisterMember, member).status()), "member_id");
  member.set_member_id(MemberId(1));
  member.set_public_key("short");
  EXPECT_EQ(field_of(Call(*stub_, &Service::RegisterMember, member).status()), "public_key");
  member.set_public_key(std::string(32, '\0'));  // a point of order 4
  EXPECT_EQ(field_of(Call(*stub_, &Service::RegisterMember, member).status()), "public_key");
  member.clear_public_key();
  member.set_display_name(std::string(65, 'x'));
  EXPECT_EQ(field_of(Call(*stub_, &Service::RegisterMember, member).status()), "display_name");

  v1::RecordReputationChangeRequest change;
  change.set_change_id(TransferId(1));
  change.set_member_id(MemberId(1));
  EXPECT_EQ(field_of(Call(*stub_, &Service::RecordReputationChange, change).status()), "cause");
  change.set_cause(v1::REPUTATION_CAUSE_CORRECTION);
  change.set_social_ppm(1'000'001);
  EXPECT_EQ(field_of(Call(*stub_, &Service::RecordReputationChange, change).status()),
            "social_ppm");

  v1::ListMembersRequest list;
  list.set_page_size(1'001);
  EXPECT_EQ(field_of(Call(*stub_, &Service::ListMembers, list).status()), "page_size");
  v1::SetAccountStateRequest state;
  state.set_account_id("x");
  EXPECT_EQ(field_of(Call(*stub_, &Service::SetAccountState, state).status()), "account_id");
  state.set_account_id(AccountId(1));
  EXPECT_EQ(field_of(Call(*stub_, &Service::SetAccountState, state).status()), "state");
  state.set_state(v1::ACCOUNT_STATE_FROZEN);
  EXPECT_THAT(Call(*stub_, &Service::SetAccountState, state),
              StatusIs(absl::StatusCode::kNotFound, "ACCOUNT_NOT_FOUND"));
}

// Sends raw bytes as a unary request.
absl::Status SendRaw(const LedgerProcess& ledger, const std::string& method,
                     const std::string& bytes) {
  grpc::GenericStub stub(
      MakeChannel({.target = ledger.address(), .max_message_bytes = 64 * 1024 * 1024}));
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(20), "");
  grpc::CompletionQueue queue;
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1), response;
  const auto call = stub.PrepareUnaryCall(&context, "/joulebook.ledger.v1.LedgerService/" + method,
                                          request, &queue);
  grpc::Status status;
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return FromGrpcStatus(status);
}

TEST_F(HostileTest, OversizedAndGarbledMessagesAreRefused) {
  StartService();
  EXPECT_EQ(SendRaw(*ledger_, "GetMember", std::string(17 * 1024 * 1024, 'x')).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(SendRaw(*ledger_, "GetMember", "\xff\xff\xff\xff"),
              StatusIs(absl::StatusCode::kInvalidArgument, "MESSAGE_MALFORMED"));
  // member_id (field 1) that is no UTF-8.
  EXPECT_THAT(SendRaw(*ledger_, "RegisterMember", std::string("\x0a\x02\xc3\x28", 4)),
              StatusIs(absl::StatusCode::kInvalidArgument, "MESSAGE_MALFORMED"));
  EXPECT_EQ(SendRaw(*ledger_, "NoSuchMethod", "").code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Register(1), IsOk());  // and the server lives
  // The words of gRPC and protobuf about it stand in the log as everything else does.
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(ledger_->process().Log(), '\n'))) {
    EXPECT_TRUE(line.empty() || nlohmann::json::accept(line)) << line;
  }
}

std::string TokenLine(const std::string& token, const std::string& rest) {
  return ToHex(Sha256(token)) + " " + rest + "\n";
}

TEST_F(HostileTest, TokensAndRolesDecideWhoMayWhat) {
  StartService(
      {"--tokens-file",
       WriteFile("tokens",
                 TokenLine("r", "reader never reader") + TokenLine("w", "writer never writer") +
                     TokenLine("i", "issuer never issuer") + TokenLine("a", "admin never admin") +
                     TokenLine("wa", "writer,admin never both") +
                     TokenLine("old", "admin 1000 expired"))});
  EXPECT_THAT(Register(1), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
  EXPECT_THAT(Register(1, "guess"), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
  EXPECT_THAT(Register(1, "old"), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  for (const char* token : {"r", "w", "a", "wa"}) {
    const auto refused = Register(1, token);
    ASSERT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
    EXPECT_EQ(GetErrorInfo(refused.status())->metadata.at("needed_role"), "issuer");
  }
  EXPECT_THAT(Register(1, "i"), IsOk());
  for (const char* token : {"r", "i", "a"}) {
    EXPECT_THAT(Post(MakePost(TransferId(1), MemberId(1), kIssuer, 1), token),
                StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  }

  v1::CreateAccountRequest sink;
  sink.set_account_id(AccountId(1));
  sink.set_asset_code("J");
  sink.set_role(v1::ACCOUNT_ROLE_SINK);
  for (const char* token : {"w", "a"}) {
    EXPECT_THAT(Call(*stub_, &Service::CreateAccount, sink, token),
                StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  }
  EXPECT_THAT(Call(*stub_, &Service::CreateAccount, sink, "wa"), IsOk());
  v1::SetAccountStateRequest freeze;
  freeze.set_account_id(AccountId(1));
  freeze.set_state(v1::ACCOUNT_STATE_FROZEN);
  EXPECT_THAT(Call(*stub_, &Service::SetAccountState, freeze, "wa"),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(Call(*stub_, &Service::SetAccountState, freeze, "i"), IsOk());

  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(20), "r");
  const auto stream = stub_->StreamTransfers(&context);
  v1::StreamTransfersResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(FromGrpcStatus(stream->Finish()),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

TEST_F(HostileTest, AWriterMovesNothingFromAnIssuerAndUsesUpNoId) {
  StartService(
      {"--tokens-file", WriteFile("tokens", TokenLine("w", "writer never writer") +
                                                TokenLine("wi", "writer,issuer never mint"))});
  ASSERT_THAT(Register(1, "wi"), IsOk());
  const auto mint = MakePost(TransferId(1), kIssuer, MemberId(1), 5);
  const auto refused = Post(mint, "w");
  ASSERT_THAT(refused, IsOk());
  EXPECT_EQ(refused->code(), v1::TRANSFER_RESULT_CODE_ISSUER_ROLE_REQUIRED);
  EXPECT_FALSE(refused->has_recorded_time());

  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(20), "w");
  const auto stream = stub_->StreamTransfers(&context);
  v1::StreamTransfersRequest request;
  *request.add_transfers() = mint;
  v1::StreamTransfersResponse response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.results(0).code(), v1::TRANSFER_RESULT_CODE_ISSUER_ROLE_REQUIRED);
  stream->WritesDone();
  EXPECT_THAT(FromGrpcStatus(stream->Finish()), IsOk());

  EXPECT_EQ(Post(mint, "wi")->code(), v1::TRANSFER_RESULT_CODE_OK);
  EXPECT_EQ(Post(mint, "w")->code(), v1::TRANSFER_RESULT_CODE_EXISTS) << "as ever";
}

TEST_F(HostileTest, OnlyAnIssuerOpensAccountsThatValueComesFrom) {
  StartService({"--tokens-file",
                WriteFile("tokens", TokenLine("w", "writer never writer") +
                                        TokenLine("wi", "writer,issuer never mint") +
                                        TokenLine("wa", "writer,admin never operator") +
                                        TokenLine("wia", "writer,issuer,admin never set-up"))});
  ASSERT_THAT(Register(1, "wi"), IsOk());
  int number = 0;
  const auto open = [&](v1::AccountRole role, std::optional<int64_t> lower, const char* token) {
    v1::CreateAccountRequest request;
    request.set_account_id(AccountId(++number));
    request.set_owner_member_id(MemberId(1));
    request.set_asset_code("J");
    request.set_role(role);
    if (lower.has_value()) request.set_lower_limit_minor(*lower);
    return Call(*stub_, &Service::CreateAccount, request, token).status();
  };
  const auto needed_role = [](const absl::Status& status) {
    if (status.ok()) return std::string();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
    return GetErrorInfo(status)->metadata.at("needed_role");
  };
  struct Case {
    v1::AccountRole role;
    std::optional<int64_t> lower;
    const char *by_w, *by_wi, *by_wa;
  };
  for (const Case& c : {Case{v1::ACCOUNT_ROLE_ISSUER, {}, "admin", "admin", "issuer"},
                        Case{v1::ACCOUNT_ROLE_EXTERNAL, {}, "admin", "admin", "issuer"},
                        Case{v1::ACCOUNT_ROLE_EXTERNAL, 0, "admin", "admin", "issuer"},
                        Case{v1::ACCOUNT_ROLE_SINK, -1, "admin", "admin", "issuer"},
                        Case{v1::ACCOUNT_ROLE_SINK, {}, "admin", "admin", ""},
                        Case{v1::ACCOUNT_ROLE_MEMBER, -1, "issuer", "", "issuer"},
                        Case{v1::ACCOUNT_ROLE_MEMBER, 0, "", "", ""},
                        Case{v1::ACCOUNT_ROLE_PROVIDER, {}, "", "", ""}}) {
    SCOPED_TRACE(v1::AccountRole_Name(c.role));
    EXPECT_EQ(needed_role(open(c.role, c.lower, "w")), c.by_w);
    EXPECT_EQ(needed_role(open(c.role, c.lower, "wi")), c.by_wi);
    EXPECT_EQ(needed_role(open(c.role, c.lower, "wa")), c.by_wa);
    EXPECT_THAT(open(c.role, c.lower, "wia"), IsOk());
  }
}

TEST_F(HostileTest, MutualTlsAsksForACertificate) {
  const std::string make = R"(set -e; cd "$0"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
      -days 2 -subj /CN=ca
    for who in server client; do
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $who.key -out $who.csr \
        -subj /CN=localhost
      printf 'subjectAltName=IP:127.0.0.1' >$who.ext
      openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $who.pem -days 2 \
        -extfile $who.ext
    done)";
  ASSERT_THAT(RunCommand({"bash", "-c", make, directory_}), IsOk());
  const auto read = [&](const std::string& name) {
    std::ifstream file(directory_ + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  StartService({"--tls-certificate-file", directory_ + "/server.pem", "--tls-key-file",
                directory_ + "/server.key", "--tls-client-ca-file", directory_ + "/ca.pem"});

  stub_ = ledger_->Stub({.tls_ca = read("ca.pem"),
                         .tls_certificate = read("client.pem"),
                         .tls_key = read("client.key")});
  EXPECT_THAT(Register(1), IsOk());
  v1::ListAssetsRequest list;
  for (const ClientOptions& stranger : {ClientOptions{}, ClientOptions{.tls_ca = read("ca.pem")}}) {
    const auto stub = ledger_->Stub(stranger);
    EXPECT_EQ(Call(*stub, &Service::ListAssets, list, "", std::chrono::seconds(5)).status().code(),
              absl::StatusCode::kUnavailable);
  }
}

}  // namespace
}  // namespace joulebook::ledger
