// Any text as a decimal, a fraction, an id and a token table: refused or read exactly, never a
// crash.

#include <cstdint>

#include "common/ids/uuid.h"
#include "common/money/decimal.h"
#include "common/money/rational.h"
#include "common/rpc/auth.h"
#include "common/status/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace joulebook;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const int scale : {0, 2, 6, 18}) {
    const auto minor = ParseDecimal(text, scale);
    if (minor.ok()) JB_CHECK(*ParseDecimal(FormatDecimal(*minor, scale), scale) == *minor);
  }
  const auto fraction = Rational::Parse(text);
  if (fraction.ok()) JB_CHECK(*Rational::Parse(fraction->ToString()) == *fraction);
  const auto id = Uuid::Parse(text);
  if (id.has_value()) JB_CHECK(Uuid::Parse(id->ToString()) == id);
  const auto tokens = TokenTable::Parse(text);
  if (tokens.ok()) JB_CHECK(!tokens->Authenticate("", Time::max(), "fuzz").ok());
  return 0;
}
