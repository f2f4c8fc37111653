#include "common/rpc/key_commands.h"

#include <cstdio>

#include "common/crypto/note.h"

namespace joulebook {

absl::Status PrintNewKey(const std::vector<std::string>& arguments, std::string_view usage) {
  if (arguments.size() != 1) return absl::InvalidArgumentError(ToAbsl(usage));
  JB_ASSIGN_OR_RETURN(const NoteSigner signer,
                      NoteSigner::Make(arguments[0], Ed25519PrivateKey::NewSeed()));
  std::printf("%s\n", signer.ToString().c_str());
  return absl::OkStatus();
}

absl::Status PrintVerifierKeys(const std::string& keys) {
  JB_ASSIGN_OR_RETURN(const auto signers, ParseSigners(keys));
  for (const NoteSigner& signer : signers) {
    std::printf("%s\n", signer.verifier().ToString().c_str());
  }
  return absl::OkStatus();
}

}  // namespace joulebook
