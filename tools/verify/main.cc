// joulebook-verify: checks offline what a ledger handed out.
//
//   joulebook-verify --keys-file KEYS proof|consistency|statement|log FILE
//   joulebook-verify --keys-file KEYS --quote-keys-file QUOTE_KEYS charge FILE
//
// KEYS holds the operator's verifier keys, one a line; QUOTE_KEYS those of the costing service.
// Prints what was proven and exits 0, or names what is wrong and exits 1.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "common/config/settings.h"
#include "tools/verify/verify.h"

namespace joulebook::verify {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitWrong = 1;
constexpr int kExitUsage = 2;

int Fail(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "joulebook-verify: %s\n", status.ToString().c_str());
  return exit_code;
}

absl::StatusOr<std::string> Verify(const std::string& kind, std::istream& file, Keys keys,
                                   const std::string& quote_keys_text) {
  if (kind == "log") return VerifyLog(file, keys);
  std::ostringstream text;
  text << file.rdbuf();
  if (kind == "proof") return VerifyTransferProof(text.str(), keys);
  if (kind == "consistency") return VerifyConsistencyProof(text.str(), keys);
  if (kind == "statement") return VerifyStatement(text.str(), keys);
  JB_ASSIGN_OR_RETURN(const auto quote_keys, ParseVerifiers(quote_keys_text));
  return VerifyCharge(text.str(), keys, quote_keys);
}

int Main(int argc, char** argv) {
  std::string keys_text;
  std::string quote_keys_text;
  Settings settings("verify");
  settings.Secret("keys", &keys_text, "the operator's verifier keys, one a line");
  settings.Secret("quote-keys", &quote_keys_text,
                  "the costing service's verifier keys, for charges");
  const absl::Status parsed = settings.Parse(argc, argv, environ);
  if (!parsed.ok()) return Fail(parsed, kExitUsage);
  const auto keys = ParseVerifiers(keys_text);
  if (!keys.ok()) return Fail(keys.status(), kExitUsage);
  const auto& words = settings.commands();
  constexpr std::array kKinds = {"proof", "consistency", "statement", "log", "charge"};
  const bool is_known =
      words.size() == 2 && std::find(kKinds.begin(), kKinds.end(), words[0]) != kKinds.end();
  if (!is_known) {
    return Fail(
        absl::InvalidArgumentError("say proof, consistency, statement, log or charge, and a file"),
        kExitUsage);
  }
  std::ifstream file(words[1]);
  if (!file) return Fail(absl::NotFoundError("cannot read " + words[1]), kExitUsage);
  const auto proven = Verify(words[0], file, *keys, quote_keys_text);
  if (!proven.ok()) return Fail(proven.status(), kExitWrong);
  std::printf("verified: %s\n", proven->c_str());
  return kExitOk;
}

}  // namespace
}  // namespace joulebook::verify

int main(int argc, char** argv) { return joulebook::verify::Main(argc, argv); }
