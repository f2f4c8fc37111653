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
// The names of ledger's codes and costing's reasons, without their prefix.
std::string WithoutPrefix(const std::string& name) {
  for (const std::string_view prefix : {"TRANSFER_RESULT_CODE_", "ERROR_REASON_"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

std::string Joules(int64_t minor) { return FormatDecimal(minor, kJouleScale); }

using Named = std::pair<std::string, Amounts>;

Amounts AmountsOf(const std::string& account, const Books& books) {
  const auto it = books.accounts.find(account);
  return it == books.accounts.end() ? Amounts() : it->second;
}

void AppendMembers(const DayResult& day, const Books& books, std::string& text) {
  std::vector<Named> members;
  for (const auto& [name, member] : day.members) {
    members.emplace_back(name, AmountsOf(member.id, books));
  }
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

// Who received what the members paid.
void AppendReceivers(const DayResult& day, const Books& books, std::string& text) {
  absl::StrAppendFormat(&text, "\n%-14s %18s %18s %18s\n", "received (J)", "earned", "spent",
                        "left");
  const auto append = [&](const std::string& name, const std::string& account) {
    const Amounts amounts = AmountsOf(account, books);
    absl::StrAppendFormat(&text, "%-14s %18s %18s %18s\n", name, Joules(amounts.earned),
                          Joules(amounts.spent), Joules(amounts.posted));
  };
  for (const auto& [name, provider] : day.providers) append(name, provider.account);
  append("creators", day.network.creators);
  append("fund", day.network.fund);
  append("proof of work", day.network.sink);
}

void AppendConservation(const Conservation& sums, std::string& text) {
  const Amounts& all = sums.members;
  absl::StrAppendFormat(
      &text, "conserved      granted %s + earned %s - spent %s - held %s %s %s available\n",
      Joules(all.granted), Joules(all.earned), Joules(all.spent), Joules(all.reserved),
      sums.members_hold() ? "=" : "IS NOT", Joules(sums.available));
  absl::StrAppendFormat(
      &text,
      "               paid by members %s %s received by providers, creators, fund and sink\n",
      Joules(all.spent), sums.payments_arrive() ? "=" : "IS NOT");
}

std::string Milliseconds(const std::vector<Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return "-";
  const std::size_t index = std::min(sorted.size() - 1, sorted.size() * percent / 100);
  return absl::StrFormat("%.1f ms", static_cast<double>(sorted[index].count()) / 1000);
}

}  // namespace

Conservation Conserve(const DayResult& day, const Books& books) {
  Conservation sums;
  for (const auto& [name, member] : day.members) {
    const Amounts amounts = AmountsOf(member.id, books);
    sums.members.granted += amounts.granted;
    sums.members.earned += amounts.earned;
    sums.members.spent += amounts.spent;
    sums.members.reserved += amounts.reserved;
    sums.available += amounts.posted - amounts.reserved;
  }
  const NetworkAccounts& network = day.network;
  for (const auto& account : {network.revenue, network.creators, network.fund, network.sink}) {
    sums.received += AmountsOf(account, books).posted;
  }
  for (const auto& [name, provider] : day.providers) {
    sums.received += AmountsOf(provider.account, books).posted;
  }
  return sums;
}

std::string PricedOtherwise(const DayResult& day, const Books& books,
                            const costing::v1::RerateResponse& totals) {
  std::map<std::string, int64_t> priced;
  for (const auto& member : totals.members()) priced[member.member()] = member.before_microjoules();
  std::string wrong;
  for (const auto& [name, member] : day.members) {
    const int64_t spent = AmountsOf(member.id, books).spent;
    if (priced[name] == spent) continue;
    absl::StrAppendFormat(&wrong, "%s spent %s J, and the price done again is %s J\n", name,
                          Joules(spent), Joules(priced[name]));
  }
  return wrong;
}

std::string Report(const DayResult& day, const Books& books, std::size_t operations) {
  std::string text;
  AppendMembers(day, books, text);
  AppendReceivers(day, books, text);
  absl::StrAppendFormat(&text, "\noperations     %d: %d charged, %d failed and released\n",
                        operations, day.charged, day.released);
  for (const auto& [code, count] : day.refused) {
    absl::StrAppendFormat(&text, "refused        %d: %s\n", count,
                          absl::AsciiStrToLower(WithoutPrefix(code)));
  }
  std::vector<Duration> sorted = day.latencies;
  std::sort(sorted.begin(), sorted.end());
  const double seconds = std::chrono::duration<double>(day.elapsed).count();
  absl::StrAppendFormat(&text, "throughput     %.0f operations/s, %.1f s\n",
                        seconds > 0 ? static_cast<double>(operations) / seconds : 0, seconds);
  absl::StrAppendFormat(&text, "latency        p50 %s, p99 %s (quote to settlement)\n",
                        Milliseconds(sorted, 50), Milliseconds(sorted, 99));
  absl::StrAppendFormat(&text, "proof of work  %d leading zero bits asked of %s: accepted once\n",
                        day.proven.bits(), day.proven.member_id());
  absl::StrAppendFormat(&text, "earnings       %d confirmed, %s J; the fund paid %d, %s J\n",
                        day.earnings.confirmed, Joules(day.earnings.confirmed_microjoules),
                        day.earnings.paid, Joules(day.earnings.paid_microjoules));
  absl::StrAppendFormat(
      &text, "prices         %d quoted charges, %s\n", books.quoted_charges,
      books.difference.empty() ? "each exactly its signed price" : "see books for what differs");
  AppendConservation(Conserve(day, books), text);
  absl::StrAppendFormat(&text, "books          %s (%d transfers re-derived)\n",
                        books.difference.empty() ? "balanced" : "NOT BALANCED: " + books.difference,
                        books.transfers);
  return text;
}

}  // namespace joulebook::metered_day
