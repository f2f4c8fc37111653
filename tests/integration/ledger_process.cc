#include "tests/integration/ledger_process.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/check.h"

namespace joulebook::ledger {
namespace {

constexpr char kCreateLogin[] =
    "DO $$ BEGIN CREATE ROLE ledger LOGIN IN ROLE joulebook_ledger; EXCEPTION WHEN "
    "duplicate_object OR unique_violation THEN NULL; END $$";

int NumberAfter(const std::string& log, const std::string& key) {
  const std::size_t start = log.find(key);
  return start == std::string::npos ? 0 : std::atoi(log.c_str() + start + key.size());
}

}  // namespace

std::string BinaryPath(const std::string& name) {
  return absl::StrCat(JOULEBOOK_BINARY_DIR, "/bin/", name);
}

std::string PrepareBook(const std::string& superuser_connection) {
  const auto migrated =
      RunCommand({BinaryPath("ledgerd"), "migrate", "--database", superuser_connection});
  if (!migrated.ok()) std::fprintf(stderr, "%s\n", migrated.status().ToString().c_str());
  JB_CHECK(migrated.ok());
  JB_CHECK(RunCommand({"psql", "-q", "-X", "-d", superuser_connection, "-c", kCreateLogin}).ok());
  return absl::StrReplaceAll(superuser_connection, {{"user=postgres", "user=ledger"}});
}

absl::StatusOr<LedgerProcess> LedgerProcess::Start(const std::string& connection,
                                                   const std::vector<std::string>& flags) {
  std::vector<std::string> command = {
      BinaryPath("ledgerd"), "--database",       connection,   "--listen",
      "127.0.0.1:0",         "--metrics-listen", "127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  JB_ASSIGN_OR_RETURN(Process process, Process::Start(command, MakeTempDir() + "/ledgerd.log"));
  JB_ASSIGN_OR_RETURN(const std::string log,
                      process.WaitForLog("\"msg\":\"listening\"", std::chrono::seconds(60)));
  const int port = NumberAfter(log, "\"port\":");
  const int metrics_port = NumberAfter(log, "\"metrics_port\":");
  return LedgerProcess(std::move(process), port, metrics_port);
}

std::unique_ptr<v1::LedgerService::Stub> LedgerProcess::Stub(const ClientOptions& options) const {
  ClientOptions effective = options;
  effective.target = address();
  return v1::LedgerService::NewStub(MakeChannel(effective));
}

}  // namespace joulebook::ledger
