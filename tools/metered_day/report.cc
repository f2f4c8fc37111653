#include "tools/metered_day/report.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/money/decimal.h"

namespace joulebook::metered_day {
namespace {

constexpr std::size_t kTopMembers = 10;
constexpr int kJouleScale = 6;
constexpr std::string_view kCodePrefix = "TRANSFER_RESULT_CODE_";

std::string Joules(int64_t minor) { return FormatDecimal(minor, kJouleScale); }

using Named = std::pair<std::string, Amounts>;

std::vector<Named> NamedAmounts(const std::map<std::string, std::string>& accounts,
                                const Books& books) {
  std::vector<Named> named;
  for (const auto& [name, id] : accounts) {
    const auto it = books.accounts.find(id);
    named.emplace_back(name, it == books.accounts.end() ? Amounts() : it->second);
  }
  return named;
}

void AppendMembers(const DayResult& day, const Books& books, std::string& text) {
  auto members = NamedAmounts(day.member_accounts, books);
  std::stable_sort(members.begin(), members.end(),
                   [](const Named& a, const Named& b) { return a.second.spent > b.second.spent; });
  Amounts total;
  for (const auto& [name, amounts] : members) {
    total.granted += amounts.granted;
    total.spent += amounts.spent;
    total.earned += amounts.earned;
    total.reserved += amounts.reserved;
    total.posted += amounts.posted;
  }
  absl::StrAppendFormat(&text, "\n%-14s %18s %18s %18s %18s %18s\n", "member (J)", "granted",
                        "spent", "earned", "held", "left");
  const auto append = [&](const std::string& name, const Amounts& a) {
    absl::StrAppendFormat(&text, "%-14s %18s %18s %18s %18s %18s\n", name, Joules(a.granted),
                          Joules(a.spent), Joules(a.earned), Joules(a.reserved), Joules(a.posted));
  };
  for (std::size_t i = 0; i < std::min(kTopMembers, members.size()); ++i) {
    append(members[i].first, members[i].second);
  }
  append(absl::StrCat("all ", members.size()), total);
}

void AppendProviders(const DayResult& day, const Books& books, std::string& text) {
  absl::StrAppendFormat(&text, "\n%-14s %18s\n", "provider (J)", "earned");
  int64_t total = 0;
  for (const auto& [name, amounts] : NamedAmounts(day.provider_accounts, books)) {
    absl::StrAppendFormat(&text, "%-14s %18s\n", name, Joules(amounts.earned));
    total += amounts.earned;
  }
  absl::StrAppendFormat(&text, "%-14s %18s\n", absl::StrCat("all ", day.provider_accounts.size()),
                        Joules(total));
}

std::string Milliseconds(const std::vector<Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return "-";
  const std::size_t index = std::min(sorted.size() - 1, sorted.size() * percent / 100);
  return absl::StrFormat("%.1f ms", static_cast<double>(sorted[index].count()) / 1000);
}

}  // namespace

std::string Report(const DayResult& day, const Books& books, std::size_t operations) {
  std::string text;
  AppendMembers(day, books, text);
  AppendProviders(day, books, text);
  absl::StrAppendFormat(&text, "\noperations     %d: %d charged, %d failed and released\n",
                        operations, day.charged, day.released);
  for (const auto& [code, count] : day.refused) {
    absl::StrAppendFormat(&text, "refused        %d: %s\n", count,
                          absl::AsciiStrToLower(code.substr(kCodePrefix.size())));
  }
  std::vector<Duration> sorted = day.latencies;
  std::sort(sorted.begin(), sorted.end());
  const double seconds = std::chrono::duration<double>(day.elapsed).count();
  absl::StrAppendFormat(&text, "throughput     %.0f operations/s, %.1f s\n",
                        seconds > 0 ? static_cast<double>(operations) / seconds : 0, seconds);
  absl::StrAppendFormat(&text, "latency        p50 %s, p99 %s (reservation to settlement)\n",
                        Milliseconds(sorted, 50), Milliseconds(sorted, 99));
  absl::StrAppendFormat(&text, "books          %s (%d transfers re-derived)\n",
                        books.difference.empty() ? "balanced" : "NOT BALANCED: " + books.difference,
                        books.transfers);
  return text;
}

}  // namespace joulebook::metered_day
