// metered-day: replays a usage trace through costing and ledger, and prints the day.
//
//   metered-day --ledger HOST:PORT --costing HOST:PORT --trace FILE [--token-file FILE]
//               [--other-tariff NAME:VERSION]
//   metered-day --generate ROWS [--seed N]          writes a trace to standard output

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "common/config/settings.h"
#include "tools/metered_day/bill.h"
#include "tools/metered_day/report.h"
#include "tools/rerate/rerate.h"

namespace joulebook::metered_day {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::size_t kBarWidth = 40;
constexpr std::size_t kTopMembers = 10;

struct Config {
  std::string ledger = "127.0.0.1:7101";
  std::string costing = "127.0.0.1:7102";
  std::string trace;
  std::string token;
  std::string other_tariff;
  int64_t generate = 0;
  int64_t seed = 1;
};

void ShowProgress(std::size_t done, std::size_t total) {
  const std::size_t filled = kBarWidth * done / total;
  std::fprintf(stderr, "\r[%s%s] %zu/%zu%s", std::string(filled, '#').c_str(),
               std::string(kBarWidth - filled, ' ').c_str(), done, total,
               done == total ? "\n" : "");
}

// Shows the charges under their tariff and another one. Whether "before" is what everybody spent.
absl::StatusOr<bool> ShowOtherTariff(const Config& config, const DayResult& day,
                                     const Books& books) {
  rerate::Options options{.channel = {.target = config.costing}, .token = config.token};
  options.before.set_hash(day.shown->terms().tariff_hash());
  JB_ASSIGN_OR_RETURN(options.after, rerate::ParseSelector(config.other_tariff));
  std::vector<rerate::PricedUsage> used;
  for (const auto& [member, usage] : day.charged_usage) used.push_back({member, usage});
  JB_ASSIGN_OR_RETURN(const auto totals, rerate::Rerate(options, used));
  std::cout << "\nwhat was charged, and what it would have cost under " << config.other_tariff
            << "\n"
            << rerate::DifferenceTable(totals, kTopMembers);
  const std::string wrong = PricedOtherwise(day, books, totals);
  std::cout << "before         "
            << (wrong.empty() ? "= spent, for every member\n" : "IS NOT spent\n") << wrong;
  return wrong.empty();
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
  bool is_priced_alike = true;
  if (!config.other_tariff.empty()) {
    JB_ASSIGN_OR_RETURN(is_priced_alike, ShowOtherTariff(config, day, books));
  }
  const Conservation sums = Conserve(day, books);
  return is_priced_alike && books.difference.empty() && sums.members_hold() &&
         sums.payments_arrive();
}

int Main(int argc, char** argv) {
  Config config;
  Settings settings("metered_day");
  settings.Text("ledger", &config.ledger, "address of the ledger");
  settings.Text("costing", &config.costing, "address of the costing service");
  settings.Text("trace", &config.trace, "CSV file to replay");
  settings.Secret("token", &config.token,
                  "bearer token for both, of the roles writer, issuer and admin");
  settings.Text("other-tariff", &config.other_tariff,
                "show what was charged under this tariff too, NAME or NAME:VERSION");
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
