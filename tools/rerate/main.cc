// joulebook-rerate: what a trace would have cost under another tariff. Changes nothing.
//
//   joulebook-rerate --costing HOST:PORT --before constants:1 --after block_table:1 --trace FILE

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "common/config/settings.h"
#include "tools/rerate/rerate.h"

namespace joulebook::rerate {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Config {
  Options options{.channel = {.target = "127.0.0.1:7102"}};
  std::string before = "constants:1";
  std::string after = "block_table:1";
  std::string trace;
  int64_t reputation_ppm = 500'000;
  int64_t members = 10;
};

absl::Status Run(Config& config) {
  JB_ASSIGN_OR_RETURN(config.options.before, ParseSelector(config.before));
  JB_ASSIGN_OR_RETURN(config.options.after, ParseSelector(config.after));
  config.options.reputation_ppm = static_cast<int32_t>(config.reputation_ppm);
  std::ifstream file(config.trace);
  if (!file) return absl::NotFoundError("cannot read the trace " + config.trace);
  JB_ASSIGN_OR_RETURN(const auto totals, Rerate(config.options, file));
  std::cout << "under " << config.before << " and " << config.after << "\n"
            << DifferenceTable(totals, static_cast<std::size_t>(config.members));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Config config;
  Settings settings("rerate");
  settings.Text("costing", &config.options.channel.target, "address of the costing service");
  settings.Text("before", &config.before, "one tariff, NAME or NAME:VERSION");
  settings.Text("after", &config.after, "the other tariff");
  settings.Text("trace", &config.trace, "CSV file of usage");
  settings.Integer("reputation-ppm", &config.reputation_ppm, {0, 1'000'000},
                   "of all members, millionths");
  settings.Integer("members", &config.members, {0, 1'000'000}, "rows of the table at most");
  settings.Secret("token", &config.options.token, "bearer token for costing");
  settings.Secret("tls-ca", &config.options.channel.tls_ca, "PEM CA of costing's certificate");
  absl::Status status = settings.Parse(argc, argv, environ);
  const int exit_code = status.ok() ? kExitFailed : kExitUsage;
  if (status.ok()) status = Run(config);
  if (status.ok()) return kExitOk;
  std::fprintf(stderr, "joulebook-rerate: %s\n", status.ToString().c_str());
  return exit_code;
}

}  // namespace
}  // namespace joulebook::rerate

int main(int argc, char** argv) { return joulebook::rerate::Main(argc, argv); }
