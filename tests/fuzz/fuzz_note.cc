// Any bytes as a signed note, a key, a checkpoint and an exported proof: refused, or read so that
// what is written again is the same; never a crash, and never verified.

#include <cstdint>
#include <sstream>

#include "common/crypto/note.h"
#include "common/status/check.h"
#include "tools/verify/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace joulebook;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto signer = NoteSigner::Make("fuzz", std::string(kEd25519SeedSize, 'f'));
  static const std::vector<NoteVerifier> keys = {signer->verifier()};

  const auto verifier = NoteVerifier::Parse(text);
  if (verifier.ok()) JB_CHECK(verifier->ToString() == text);
  const auto checkpoint = ParseCheckpoint(text);
  if (checkpoint.ok()) JB_CHECK(text.starts_with(FormatCheckpoint(*checkpoint)));
  JB_CHECK(!OpenNote(text, keys).ok());  // nobody signs here
  std::string signed_text(text);
  signed_text.push_back('\n');
  const auto opened = OpenNote(SignNote(signed_text, std::vector{*signer}), keys);
  JB_CHECK(opened.ok() && *opened == signed_text);

  JB_CHECK(!verify::VerifyTransferProof(text, keys).ok());
  JB_CHECK(!verify::VerifyConsistencyProof(text, keys).ok());
  JB_CHECK(!verify::VerifyStatement(text, keys).ok());
  std::istringstream lines{std::string(text)};
  JB_CHECK(!verify::VerifyLog(lines, keys).ok());
  return 0;
}
