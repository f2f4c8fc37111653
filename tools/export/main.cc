// joulebook-export: fetches proofs from a ledger, for joulebook-verify, to standard output.
//
//   joulebook-export --ledger HOST:PORT proof TRANSFER_ID
//   joulebook-export --ledger HOST:PORT statement ACCOUNT_ID
//   joulebook-export --ledger HOST:PORT log
//   joulebook-export --ledger HOST:PORT --costing HOST:PORT charge TRANSFER_ID
//   joulebook-export --ledger HOST:PORT consistency OLD_SIZE [NEW_SIZE]

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "absl/strings/numbers.h"
#include "common/config/settings.h"
#include "tools/export/export.h"

namespace joulebook::exporting {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

absl::Status Usage() {
  return absl::InvalidArgumentError(
      "say proof TRANSFER_ID, statement ACCOUNT_ID, charge TRANSFER_ID, log, or consistency "
      "OLD_SIZE [NEW_SIZE]");
}

absl::Status Export(const std::vector<std::string>& words, Exporter& exporter) {
  if (words.size() == 1 && words[0] == "log") return exporter.Log();
  if (words.size() == 2 && words[0] == "proof") return exporter.Proof(words[1]);
  if (words.size() == 2 && words[0] == "statement") return exporter.Statement(words[1]);
  if (words.size() == 2 && words[0] == "charge") return exporter.Charge(words[1]);
  int64_t old_size = 0, new_size = 0;
  if (words.size() >= 2 && words.size() <= 3 && words[0] == "consistency" &&
      absl::SimpleAtoi(words[1], &old_size) &&
      (words.size() == 2 || absl::SimpleAtoi(words[2], &new_size))) {
    return exporter.Consistency(old_size, new_size);
  }
  return Usage();
}

int Main(int argc, char** argv) {
  Exporter::Options options;
  options.channel.target = "127.0.0.1:7101";
  Settings settings("export");
  settings.Text("ledger", &options.channel.target, "address of the ledger");
  settings.Secret("token", &options.token, "bearer token for the ledger");
  options.costing.target = "127.0.0.1:7102";
  settings.Text("costing", &options.costing.target, "address of costing, for charges");
  settings.Secret("costing-token", &options.costing_token, "bearer token for costing");
  settings.Secret("tls-ca", &options.channel.tls_ca, "PEM CA of the ledger's certificate");
  settings.Secret("costing-tls-ca", &options.costing.tls_ca, "PEM CA of costing's certificate");
  absl::Status status = settings.Parse(argc, argv, environ);
  int exit_code = kExitUsage;
  if (status.ok()) {
    SystemClock clock;
    ThreadSleeper sleeper;
    Exporter exporter(options, std::cout, clock, sleeper);
    status = Export(settings.commands(), exporter);
    exit_code = status.ok() ? kExitOk : kExitFailed;
  }
  if (!status.ok()) std::fprintf(stderr, "joulebook-export: %s\n", status.ToString().c_str());
  return exit_code;
}

}  // namespace
}  // namespace joulebook::exporting

int main(int argc, char** argv) { return joulebook::exporting::Main(argc, argv); }
