#include "common/rpc/auth.h"

#include "common/crypto/sha256.h"
#include "common/testing/matchers.h"

namespace joulebook {
namespace {

constexpr char kDomain[] = "test.joulebook";

TEST(TokenTable, AuthenticatesByHashUntilTheInstantOfExpiry) {
  const auto table = TokenTable::Parse("# who\n" + ToHex(Sha256("t1")) + " writer 1000 alice\n\n" +
                                       ToHex(Sha256("t2")) + " issuer,admin never root # boss\n");
  ASSERT_THAT(table, IsOk());
  const Time expiry{std::chrono::seconds(1000)};
  const auto alice = table->Authenticate("t1", expiry - Duration(1), kDomain);
  ASSERT_THAT(alice, IsOk());
  EXPECT_EQ(alice->name, "alice");
  EXPECT_EQ(alice->roles, Roles{Role::kWriter});
  EXPECT_EQ(alice->expires, expiry);
  EXPECT_THAT(table->Authenticate("t1", expiry, kDomain),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_EQ(table->Authenticate("t2", expiry, kDomain)->roles,
            (Roles{Role::kIssuer, Role::kAdmin}));
  for (const char* unknown : {"", "t3", "T1"}) {
    EXPECT_THAT(table->Authenticate(unknown, expiry, kDomain),
                StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
  }
}

TEST(TokenTable, NamesTheLineItCannotRead) {
  const std::string digest = ToHex(Sha256("t"));
  for (const std::string& bad :
       {std::string("short writer never a"), digest + " king never a",
        digest + " writer,king never a", digest + " writer, never a", digest + " writer soon a",
        digest + " writer -1 a", digest + " writer never"}) {
    const auto table = TokenTable::Parse("\n" + bad);
    EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_NE(table.status().message().find("line 2"), absl::string_view::npos);
  }
}

TEST(CheckRole, EachRoleReadsAndNoneContainsAnother) {
  constexpr Role kRoles[] = {Role::kReader, Role::kWriter, Role::kIssuer, Role::kAdmin};
  for (const Role own : kRoles) {
    EXPECT_THAT(CheckRole({"all", Roles::All()}, own, kDomain), IsOk());
    for (const Role needed : kRoles) {
      const absl::Status status = CheckRole({"one", {own}}, needed, kDomain);
      if (needed == own || needed == Role::kReader) {
        EXPECT_THAT(status, IsOk());
      } else {
        ASSERT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
        EXPECT_EQ(GetErrorInfo(status)->metadata.at("needed_role"), ToString(needed));
      }
    }
  }
  EXPECT_THAT(CheckRole({"none", {}}, Role::kReader, kDomain),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

}  // namespace
}  // namespace joulebook
