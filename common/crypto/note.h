// Signed notes (C2SP signed-note, Ed25519) and the checkpoints of transparency logs (C2SP
// tlog-checkpoint) that travel in them.
//
//   <text, ending in a newline>
//
//   — NAME BASE64(key id, 4 bytes || signature, 64 bytes)
//
// Keys are text: a verifier is NAME+KEYID+BASE64(1 || public key), a signer
// PRIVATE+KEY+NAME+KEYID+BASE64(1 || seed).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/ed25519.h"
#include "common/crypto/sha256.h"

namespace joulebook {

// The public half: tells whether a signature line is by this key.
class NoteVerifier {
 public:
  // INVALID_ARGUMENT for text that is no verifier key, or whose key id is another key's.
  static absl::StatusOr<NoteVerifier> Parse(std::string_view text);
  static NoteVerifier Make(std::string name, std::string public_key);

  const std::string& name() const { return name_; }
  // Four bytes.
  const std::string& key_id() const { return key_id_; }
  const std::string& public_key() const { return public_key_; }
  std::string ToString() const;

 private:
  NoteVerifier() = default;
  std::string name_;
  std::string key_id_;
  std::string public_key_;
};

class NoteSigner {
 public:
  // INVALID_ARGUMENT for text that is no signer key, or whose key id is another key's.
  static absl::StatusOr<NoteSigner> Parse(std::string_view text);
  // INVALID_ARGUMENT for a name that is empty or holds a space or a plus sign.
  static absl::StatusOr<NoteSigner> Make(std::string name, std::string seed);

  const NoteVerifier& verifier() const { return verifier_; }
  std::string Sign(std::string_view text) const { return key_.Sign(text); }
  // The secret key as text.
  std::string ToString() const;

 private:
  NoteSigner(NoteVerifier verifier, Ed25519PrivateKey key, std::string seed)
      : verifier_(std::move(verifier)), key_(std::move(key)), seed_(std::move(seed)) {}
  NoteVerifier verifier_;
  Ed25519PrivateKey key_;
  std::string seed_;
};

// Keys from a file's text: one a line; blank lines and lines that start with # are skipped.
absl::StatusOr<std::vector<NoteVerifier>> ParseVerifiers(std::string_view text);
absl::StatusOr<std::vector<NoteSigner>> ParseSigners(std::string_view text);

// Those who verify what the signers sign, in their order.
std::vector<NoteVerifier> VerifiersOf(std::span<const NoteSigner> signers);

// The text with one signature line by each signer. `text` ends in a newline.
std::string SignNote(std::string_view text, std::span<const NoteSigner> signers);

// The part of a note that is signed, unchecked; empty for what is no note.
std::string_view NoteText(std::string_view note);

// The note's text if at least one of the verifiers signed it and none of their signatures is wrong.
// INVALID_ARGUMENT for what is no signed note, UNAUTHENTICATED when no known key signed it, or a
// signature that claims to be of a known key is wrong.
absl::StatusOr<std::string> OpenNote(std::string_view note,
                                     std::span<const NoteVerifier> verifiers);

// The content of a log's checkpoint.
struct LogCheckpoint {
  std::string origin;
  uint64_t size = 0;
  Sha256Digest root{};

  bool operator==(const LogCheckpoint&) const = default;
};

// Three lines: origin, size, root in base64.
std::string FormatCheckpoint(const LogCheckpoint& checkpoint);
// INVALID_ARGUMENT for anything that FormatCheckpoint would not have written; further lines
// (extensions) are allowed and ignored.
absl::StatusOr<LogCheckpoint> ParseCheckpoint(std::string_view text);

}  // namespace joulebook
