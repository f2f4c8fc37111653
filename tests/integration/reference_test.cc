// The generated references, the golden list of metrics and the lists of reasons stay true.

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "joulebook/ledger/v1/error_reason.pb.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string Source(const std::string& path) { return ReadFile(JOULEBOOK_SOURCE_DIR "/" + path); }

TEST(Settings, TheServicesReadmeHoldsTheGeneratedTable) {
  const auto table = RunCommand({BinaryPath("ledgerd"), "--settings-reference"});
  ASSERT_THAT(table, IsOk());
  EXPECT_NE(Source("services/ledger/README.md").find(*table), std::string::npos)
      << "services/ledger/README.md needs this table:\n"
      << *table;
}

TEST(Settings, CheckConfigShowsEffectiveValuesAndMasksSecrets) {
  const std::string secret = MakeTempDir() + "/secret";
  std::ofstream(secret) << "hunter2";
  const auto effective = RunCommand({BinaryPath("ledgerd"), "--check-config", "--database-pool",
                                     "3", "--database-password-file", secret});
  ASSERT_THAT(effective, IsOk());
  EXPECT_NE(effective->find("database-pool = 3\n"), std::string::npos);
  EXPECT_NE(effective->find("database-password = ********\n"), std::string::npos);
  EXPECT_EQ(effective->find("hunter2"), std::string::npos);
}

TEST(Settings, AnUnknownOneEndsTheProgram) {
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "--lisen", "x"}).ok());
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "serve-me"}).ok());
  EXPECT_THAT(RunCommand({BinaryPath("ledgerd"), "--version"}), IsOk());
}

TEST(ErrorReasons, EachHasATestThatNamesIt) {
  std::string tests;
  for (const char* path :
       {"tests/integration/ledger_service_test.cc", "tests/integration/hostile_test.cc",
        "tests/integration/outage_test.cc", "tests/integration/boundary_test.cc",
        "tests/integration/proof_service_test.cc",
        "services/ledger/domain/decide_member_test.cc"}) {
    tests += Source(path);
  }
  for (int number = 1; number <= v1::ErrorReason_MAX; ++number) {
    const std::string name = v1::ErrorReason_Name(number).substr(sizeof("ERROR_REASON_") - 1);
    EXPECT_NE(tests.find('"' + name + '"'), std::string::npos) << name;
  }
}

class MetricsTest : public ServiceTest {};

TEST_F(MetricsTest, AreExactlyTheGoldenList) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  const auto text = RunCommand({"bash", "-c",
                                "exec 3<>/dev/tcp/127.0.0.1/$0; printf 'GET /metrics HTTP/1.0\\r\\n"
                                "\\r\\n' >&3; cat <&3",
                                std::to_string(ledger_->metrics_port())});
  ASSERT_THAT(text, IsOk());
  std::set<std::string> names;
  const std::regex type_line("# TYPE ([a-z_]+) ([a-z]+)");
  for (std::sregex_iterator it(text->begin(), text->end(), type_line), end; it != end; ++it) {
    const std::string name = (*it)[1];
    if (name.starts_with("ledger_") || name.starts_with("grpc_")) {
      names.insert(name + " " + std::string((*it)[2]));
    }
  }
  std::string listed;
  for (const std::string& name : names) listed += name + "\n";
  EXPECT_EQ(listed, Source("tests/testdata/ledger/metrics.txt"));
  EXPECT_NE(text->find("ledger_members_registered_total 1"), std::string::npos);
  EXPECT_NE(text->find("grpc_code=\"OK\",grpc_method=\"RegisterMember\""), std::string::npos)
      << *text;
}

}  // namespace
}  // namespace joulebook::ledger
