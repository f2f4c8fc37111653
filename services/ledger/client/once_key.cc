#include "services/ledger/client/once_key.h"

#include "common/crypto/sha256.h"

namespace joulebook::ledger {
namespace {
constexpr std::size_t kOnceKeyBytes = 16;
}  // namespace

std::string MakeOnceKey(std::string_view domain, std::string_view effect_id) {
  std::string text(domain);
  text.push_back('\0');
  text.append(effect_id);
  return std::string(AsBytes(Sha256(text)).substr(0, kOnceKeyBytes));
}

}  // namespace joulebook::ledger
