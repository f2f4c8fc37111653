#include "common/crypto/note.h"

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

// The example of the signed-note format's reference implementation.
constexpr char kVerifier[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kSigner[] =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr char kText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr char kSignature[] =
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

std::vector<NoteVerifier> Verifiers(const std::string& text) { return *ParseVerifiers(text); }

TEST(Note, SignsAndOpensTheReferenceExample) {
  const auto signers = ParseSigners(kSigner);
  ASSERT_THAT(signers, IsOk());
  EXPECT_EQ((*signers)[0].verifier().ToString(), kVerifier);
  EXPECT_EQ((*signers)[0].ToString(), kSigner);
  const std::string note = SignNote(kText, *signers);
  EXPECT_EQ(note, std::string(kText).append("\n").append(kSignature));
  const auto opened = OpenNote(note, Verifiers(kVerifier));
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(*opened, kText);
}

TEST(Note, KeysThatAreNotWholeAreRefused) {
  for (const char* text :
       {"", "x", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC",
        "P N+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}) {
    EXPECT_EQ(NoteVerifier::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_EQ(NoteSigner::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(NoteSigner::Make("two words", std::string(32, 's')).ok());
  EXPECT_FALSE(ParseVerifiers("# nothing but a comment\n\n").ok());
}

TEST(Note, EveryAlterationIsFound) {
  const std::string note = SignNote(kText, *ParseSigners(kSigner));
  const auto verifiers = Verifiers(kVerifier);
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string altered = note;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(OpenNote(altered, verifiers).ok()) << i;
    EXPECT_FALSE(OpenNote(note.substr(0, i), verifiers).ok()) << i;
  }
}

TEST(Note, ARotatedKeyIsGoodWhileBothSign) {
  const auto old_key = NoteSigner::Make("log", std::string(32, 'o'));
  const auto new_key = NoteSigner::Make("log", std::string(32, 'n'));
  const std::vector<NoteSigner> both = {*old_key, *new_key};
  const std::string note = SignNote("text\n", both);
  EXPECT_THAT(OpenNote(note, Verifiers(old_key->verifier().ToString())), IsOk());
  EXPECT_THAT(OpenNote(note, Verifiers(new_key->verifier().ToString())), IsOk());
  EXPECT_EQ(OpenNote(note, Verifiers(kVerifier)).status().code(),
            absl::StatusCode::kUnauthenticated);
  const std::string only_new = SignNote("text\n", std::span(both).subspan(1));
  EXPECT_EQ(OpenNote(only_new, Verifiers(old_key->verifier().ToString())).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(Checkpoint, ComesBackAndNothingElseIsOne) {
  const LogCheckpoint checkpoint{"example.org/ledger", 42, Sha256("root")};
  const std::string text = FormatCheckpoint(checkpoint);
  const auto parsed = ParseCheckpoint(text);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(*parsed, checkpoint);
  EXPECT_THAT(ParseCheckpoint(text + "extension\n"), IsOk());
  for (const std::string& bad :
       {std::string(), text.substr(0, text.size() - 1), "\n" + text.substr(text.find('\n') + 1),
        std::string("o\n-1\n") + text.substr(text.find("42") + 3),
        std::string("o\n042\n") + text.substr(text.find("42") + 3), std::string("o\n1\nAAAA\n")}) {
    EXPECT_FALSE(ParseCheckpoint(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace joulebook
