// The generated references, the golden list of metrics and the lists of reasons stay true.

#include "joulebook/ledger/v1/error_reason.pb.h"
#include "tests/integration/reference_checks.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

TEST(Settings, TheServicesReadmeHoldsTheGeneratedTable) { ExpectReadmeHoldsSettings("ledger"); }

TEST(Settings, CheckConfigShowsEffectiveValuesAndMasksSecrets) {
  const std::string secret = MakeTempDir() + "/secret";
  std::ofstream(secret) << "hunter2";
  const auto effective = RunCommand({BinaryPath("ledgerd"), "--check-config", "--database-pool",
                                     "99", "--database-password-file", secret});
  ASSERT_THAT(effective, IsOk());
  EXPECT_NE(effective->find("database-pool = 99\n"), std::string::npos);
  EXPECT_NE(effective->find("database-password = ********\n"), std::string::npos);
  EXPECT_EQ(effective->find("hunter2"), std::string::npos);
}

TEST(Settings, CheckConfigRefusesWhatServingWould) {
  const auto refused =
      RunCommand({BinaryPath("ledgerd"), "--check-config", "--database-pool", "3"});
  EXPECT_NE(refused.status().message().find("database-pool must be at least"), std::string::npos);
}

TEST(Settings, AnUnknownOneEndsTheProgram) {
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "--lisen", "x"}).ok());
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "serve-me"}).ok());
  EXPECT_THAT(RunCommand({BinaryPath("ledgerd"), "--version"}), IsOk());
}

TEST(ErrorReasons, EachHasATestThatNamesIt) {
  ExpectReasonsNamed(
      v1::ErrorReason_MAX, [](int number) { return v1::ErrorReason_Name(number); },
      {"tests/integration/ledger_service_test.cc", "tests/integration/hostile_test.cc",
       "tests/integration/outage_test.cc", "tests/integration/boundary_test.cc",
       "tests/integration/proof_service_test.cc", "services/ledger/domain/decide_member_test.cc"});
}

class MetricsTest : public ServiceTest {};

TEST_F(MetricsTest, AreExactlyTheGoldenList) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  const std::string text = ExpectGoldenMetrics("ledger", ledger_->metrics_port());
  EXPECT_NE(text.find("ledger_members_registered_total 1"), std::string::npos);
  EXPECT_NE(text.find("grpc_code=\"OK\",grpc_method=\"RegisterMember\""), std::string::npos)
      << text;
}

}  // namespace
}  // namespace joulebook::ledger
