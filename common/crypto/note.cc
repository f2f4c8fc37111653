#include "common/crypto/note.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace joulebook {
namespace {

constexpr char kEd25519 = '\x01';
constexpr std::string_view kSignerPrefix = "PRIVATE+KEY+";
constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // an em dash and a space
constexpr std::size_t kKeyIdSize = 4;
constexpr std::size_t kMaxSignatures = 100;

std::string ToBase64(std::string_view bytes) { return absl::Base64Escape(ToAbsl(bytes)); }

// Nothing unless `text` is the base64 that ToBase64 writes.
std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(text), &bytes) || ToBase64(bytes) != text) return std::nullopt;
  return bytes;
}

bool IsName(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return c <= ' ' || c == '+' || c == 0x7f;
  });
}

std::string KeyId(std::string_view name, std::string_view public_key) {
  std::string bytes(name);
  bytes.push_back('\n');
  bytes.push_back(kEd25519);
  bytes.append(public_key);
  return std::string(AsBytes(Sha256(bytes)).substr(0, kKeyIdSize));
}

// The fields of NAME+KEYID+BASE64(1 || 32 bytes); the base64 may hold plus signs, the others not.
struct KeyText {
  std::string name;
  std::string key_id;
  std::string key;
};

absl::StatusOr<KeyText> ParseKey(std::string_view text) {
  const absl::Status error = absl::InvalidArgumentError("not a key of the form NAME+KEYID+KEY");
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return error;
  KeyText key;
  key.name = text.substr(0, first);
  key.key_id = text.substr(first + 1, second - first - 1);
  const auto bytes = FromBase64(text.substr(second + 1));
  if (!IsName(key.name) || !bytes.has_value() || bytes->size() != 1 + kEd25519PublicKeySize ||
      bytes->front() != kEd25519) {
    return error;
  }
  key.key = bytes->substr(1);
  return key;
}

std::string KeyToString(const NoteVerifier& verifier, std::string_view key) {
  std::string bytes(1, kEd25519);
  bytes.append(key);
  return absl::StrCat(verifier.name(), "+", ToHex(verifier.key_id()), "+", ToBase64(bytes));
}

template <typename Key>
absl::StatusOr<std::vector<Key>> ParseKeys(std::string_view text) {
  std::vector<Key> keys;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    JB_ASSIGN_OR_RETURN(Key key, Key::Parse(line));
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return absl::InvalidArgumentError("no key is given");
  return keys;
}

enum class Verdict { kUnknownKey, kValid, kWrong };

// The verdict on one signature line, less its newline; nothing for a line that is none.
std::optional<Verdict> CheckSignature(std::string_view line, std::string_view text,
                                      std::span<const NoteVerifier> verifiers) {
  if (!line.starts_with(kSignaturePrefix)) return std::nullopt;
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view name = line.substr(0, space);
  const auto bytes = FromBase64(line.substr(space + 1));
  if (!IsName(name) || !bytes.has_value() || bytes->size() <= kKeyIdSize) return std::nullopt;
  for (const NoteVerifier& verifier : verifiers) {
    if (verifier.name() != name || verifier.key_id() != bytes->substr(0, kKeyIdSize)) continue;
    return VerifyEd25519(verifier.public_key(), text, bytes->substr(kKeyIdSize)) ? Verdict::kValid
                                                                                 : Verdict::kWrong;
  }
  return Verdict::kUnknownKey;
}

std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

NoteVerifier NoteVerifier::Make(std::string name, std::string public_key) {
  NoteVerifier verifier;
  verifier.key_id_ = KeyId(name, public_key);
  verifier.name_ = std::move(name);
  verifier.public_key_ = std::move(public_key);
  return verifier;
}

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(std::string_view text) {
  JB_ASSIGN_OR_RETURN(KeyText key, ParseKey(text));
  if (!IsEd25519PublicKey(key.key)) return absl::InvalidArgumentError("the key is no public key");
  NoteVerifier verifier = Make(std::move(key.name), std::move(key.key));
  if (ToHex(verifier.key_id()) != key.key_id) {
    return absl::InvalidArgumentError("the key id is not that of the key");
  }
  return verifier;
}

std::string NoteVerifier::ToString() const { return KeyToString(*this, public_key_); }

absl::StatusOr<NoteSigner> NoteSigner::Make(std::string name, std::string seed) {
  if (!IsName(name)) {
    return absl::InvalidArgumentError("a key's name has no space and no plus sign");
  }
  JB_ASSIGN_OR_RETURN(auto key, Ed25519PrivateKey::FromSeed(seed));
  NoteVerifier verifier = NoteVerifier::Make(std::move(name), key.public_key());
  return NoteSigner(std::move(verifier), std::move(key), std::move(seed));
}

absl::StatusOr<NoteSigner> NoteSigner::Parse(std::string_view text) {
  if (!text.starts_with(kSignerPrefix)) {
    return absl::InvalidArgumentError("not a key of the form PRIVATE+KEY+NAME+KEYID+KEY");
  }
  JB_ASSIGN_OR_RETURN(KeyText key, ParseKey(text.substr(kSignerPrefix.size())));
  JB_ASSIGN_OR_RETURN(NoteSigner signer, Make(std::move(key.name), std::move(key.key)));
  if (ToHex(signer.verifier().key_id()) != key.key_id) {
    return absl::InvalidArgumentError("the key id is not that of the key");
  }
  return signer;
}

std::string NoteSigner::ToString() const {
  return absl::StrCat(ToAbsl(kSignerPrefix), KeyToString(verifier_, seed_));
}

absl::StatusOr<std::vector<NoteVerifier>> ParseVerifiers(std::string_view text) {
  return ParseKeys<NoteVerifier>(text);
}

absl::StatusOr<std::vector<NoteSigner>> ParseSigners(std::string_view text) {
  return ParseKeys<NoteSigner>(text);
}

std::vector<NoteVerifier> VerifiersOf(std::span<const NoteSigner> signers) {
  std::vector<NoteVerifier> verifiers;
  verifiers.reserve(signers.size());
  for (const NoteSigner& signer : signers) verifiers.push_back(signer.verifier());
  return verifiers;
}

std::string SignNote(std::string_view text, std::span<const NoteSigner> signers) {
  std::string note(text);
  note.push_back('\n');
  for (const NoteSigner& signer : signers) {
    const NoteVerifier& verifier = signer.verifier();
    absl::StrAppend(&note, ToAbsl(kSignaturePrefix), verifier.name(), " ",
                    ToBase64(verifier.key_id() + signer.Sign(text)), "\n");
  }
  return note;
}

std::string_view NoteText(std::string_view note) {
  const std::size_t split = note.rfind("\n\n");
  return split == std::string_view::npos ? std::string_view() : note.substr(0, split + 1);
}

absl::StatusOr<std::string> OpenNote(std::string_view note,
                                     std::span<const NoteVerifier> verifiers) {
  const std::string_view text = NoteText(note);
  if (text.empty() || !note.ends_with('\n')) {
    return absl::InvalidArgumentError("not a signed note");
  }
  std::string_view signatures = note.substr(text.size() + 1);
  std::size_t count = 0, valid = 0;
  while (!signatures.empty()) {
    const auto line = TakeLine(signatures);
    const auto verdict = line.has_value() && ++count <= kMaxSignatures
                             ? CheckSignature(*line, text, verifiers)
                             : std::nullopt;
    if (!verdict.has_value()) return absl::InvalidArgumentError("not a signed note");
    if (*verdict == Verdict::kWrong) return absl::UnauthenticatedError("a signature is wrong");
    if (*verdict == Verdict::kValid) ++valid;
  }
  if (valid == 0) return absl::UnauthenticatedError("no known key has signed the note");
  return std::string(text);
}

std::string FormatCheckpoint(const LogCheckpoint& checkpoint) {
  return absl::StrCat(checkpoint.origin, "\n", checkpoint.size, "\n",
                      ToBase64(AsBytes(checkpoint.root)), "\n");
}

absl::StatusOr<LogCheckpoint> ParseCheckpoint(std::string_view text) {
  const auto origin = TakeLine(text);
  const auto size = TakeLine(text);
  const auto root = TakeLine(text);
  const absl::Status error = absl::InvalidArgumentError("not a checkpoint of a log");
  if (!root.has_value() || origin->empty()) return error;
  LogCheckpoint checkpoint;
  checkpoint.origin = *origin;
  const auto [end, failure] =
      std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  if (failure != std::errc() || std::to_string(checkpoint.size) != *size) return error;
  const auto bytes = FromBase64(*root);
  if (!bytes.has_value() || bytes->size() != checkpoint.root.size()) return error;
  std::copy(bytes->begin(), bytes->end(), checkpoint.root.begin());
  return checkpoint;
}

}  // namespace joulebook
