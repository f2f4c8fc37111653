// metered-day: replays a usage trace through costing and ledger, and prints the day.
//
//   metered-day --ledger HOST:PORT --costing HOST:PORT --trace FILE [--token-file FILE]
//   metered-day --generate ROWS [--seed N]          writes a trace to standard output

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "common/config/settings.h"
#include "tools/metered_day/bill.h"
#include "tools/metered_day/report.h"

namespace joulebook::metered_day {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::size_t kBarWidth = 40;

struct Config {
  std::string ledger = "127.0.0.1:7101";
  std::string costing = "127.0.0.1:7102";
  std::string trace;
  std::string token;
  int64_t generate = 0;
  int64_t seed = 1;
};

void ShowProgress(std::size_t done, std::size_t total) {
  const std::size_t filled = kBarWidth * done / total;
  std::fprintf(stderr, "\r[%s%s] %zu/%zu%s", std::string(filled, '#').c_str(),
               std::string(kBarWidth - filled, ' ').c_str(), done, total,
               done == total ? "\n" : "");
}

absl::StatusOr<bool> Run(const Config& config) {
  std::ifstream file(config.trace);
  if (!file) return absl::NotFoundError("cannot read the trace " + config.trace);
  JB_ASSIGN_OR_RETURN(const auto trace, ReadTrace(file));
  if (trace.empty()) return absl::InvalidArgumentError("the trace is empty");
  LedgerClient ledger({.target = config.ledger}, config.token);
  CostingClient costing({.target = config.costing}, config.token);
  SystemClock clock;
  const auto random = MakeSystemRandom();
  UuidV7Generator ids(clock, *random);
  const Progress progress =
      isatty(STDERR_FILENO) != 0 ? Progress(ShowProgress) : [](std::size_t, std::size_t) {};
  JB_ASSIGN_OR_RETURN(const DayResult day, RunDay(trace, {ledger, costing, ids, clock}, progress));
  JB_ASSIGN_OR_RETURN(const Books books, CheckBooks(ledger));
  std::cout << Report(day, books, trace.size());
  if (!day.shown.has_value()) return absl::FailedPreconditionError("nothing was charged");
  std::cout << BillText(*day.shown);
  JB_ASSIGN_OR_RETURN(const std::string recomputed, RecomputeCharge(day, ledger, costing));
  std::cout << recomputed;
  const Conservation sums = Conserve(day, books);
  return books.difference.empty() && sums.members_hold() && sums.payments_arrive();
}

int Main(int argc, char** argv) {
  Config config;
  Settings settings("metered_day");
  settings.Text("ledger", &config.ledger, "address of the ledger");
  settings.Text("costing", &config.costing, "address of the costing service");
  settings.Text("trace", &config.trace, "CSV file to replay");
  settings.Secret("token", &config.token,
                  "bearer token for both, of the roles writer, issuer and admin");
  settings.Integer("generate", &config.generate, {0, 10'000'000}, "write a trace of so many rows");
  settings.Integer("seed", &config.seed, {0, 1'000'000'000}, "seed of the written trace");
  const absl::Status parsed = settings.Parse(argc, argv, environ);
  if (!parsed.ok()) {
    std::cerr << "metered-day: " << parsed.message() << "\n";
    return kExitUsage;
  }
  if (config.generate > 0) {
    GenerateTrace(static_cast<uint64_t>(config.seed), static_cast<int>(config.generate), std::cout);
    return kExitOk;
  }
  const auto balanced = Run(config);
  if (!balanced.ok()) std::cerr << "metered-day: " << balanced.status().ToString() << "\n";
  return balanced.ok() && *balanced ? kExitOk : kExitFailed;
}

}  // namespace
}  // namespace joulebook::metered_day

int main(int argc, char** argv) { return joulebook::metered_day::Main(argc, argv); }
