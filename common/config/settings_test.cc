#include "common/config/settings.h"

#include <filesystem>
#include <fstream>

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

struct Config {
  std::string listen = "127.0.0.1:1";
  int64_t pool_size = 8;
  bool plaintext = false;
  std::string password;
};

struct Parsed {
  Config config;
  Settings settings{"ledger"};
  absl::Status status;
};

void Parse(Parsed& parsed, std::vector<const char*> flags, std::vector<const char*> environment) {
  Settings& settings = parsed.settings;
  settings.Text("listen", &parsed.config.listen, "where to listen");
  settings.Integer("pool-size", &parsed.config.pool_size, {1, 64}, "connections");
  settings.Flag("plaintext", &parsed.config.plaintext, "no TLS");
  settings.Secret("password", &parsed.config.password, "the password");
  flags.insert(flags.begin(), "ledgerd");
  environment.push_back(nullptr);
  for (const char* entry : environment) {
    if (entry != nullptr) putenv(const_cast<char*>(entry));
  }
  parsed.status = settings.Parse(static_cast<int>(flags.size()), flags.data(), environment.data());
  for (const char* entry : environment) {
    if (entry != nullptr) {
      const std::string_view text(entry);
      unsetenv(std::string(text.substr(0, text.find('='))).c_str());
    }
  }
}

TEST(Settings, FlagBeatsEnvironmentBeatsDefault) {
  Parsed parsed;
  Parse(parsed, {"--listen", "a:1", "migrate"},
        {"JOULEBOOK_LEDGER_LISTEN=b:2", "JOULEBOOK_LEDGER_POOL_SIZE=3"});
  ASSERT_THAT(parsed.status, IsOk());
  EXPECT_EQ(parsed.config.listen, "a:1");
  EXPECT_EQ(parsed.config.pool_size, 3);
  EXPECT_FALSE(parsed.config.plaintext);
  EXPECT_EQ(parsed.settings.commands(), std::vector<std::string>{"migrate"});
}

TEST(Settings, RefusesUnknownAndMalformedOnes) {
  const std::pair<std::vector<const char*>, std::vector<const char*>> cases[] = {
      {{"--lisen", "a:1"}, {}},
      {{}, {"JOULEBOOK_LEDGER_LISEN=a:1"}},
      {{"--pool-size", "0"}, {}},
      {{"--pool-size", "65"}, {}},
      {{"--pool-size", "many"}, {}},
      {{}, {"JOULEBOOK_LEDGER_POOL_SIZE=1e3"}},
      {{"--password", "on the command line"}, {}},
      {{}, {"JOULEBOOK_LEDGER_PASSWORD=in the environment"}},
  };
  for (const auto& [flags, environment] : cases) {
    Parsed parsed;
    Parse(parsed, flags, environment);
    EXPECT_EQ(parsed.status.code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Settings, ReadsSecretsFromFilesAndMasksThem) {
  const std::string path = testing::TempDir() + "/settings_test_secret";
  std::ofstream(path) << "hunter2\n";
  Parsed parsed;
  Parse(parsed, {"--password-file", path.c_str()}, {});
  ASSERT_THAT(parsed.status, IsOk());
  EXPECT_EQ(parsed.config.password, "hunter2");
  EXPECT_EQ(parsed.settings.Effective(),
            "listen = 127.0.0.1:1\npool-size = 8\nplaintext = false\npassword = ********\n");
  std::filesystem::remove(path);
}

TEST(Settings, NamesASecretFileThatIsMissing) {
  Parsed parsed;
  Parse(parsed, {"--password-file", "/nowhere"}, {});
  EXPECT_EQ(parsed.status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(parsed.status.message().find("/nowhere"), absl::string_view::npos);
}

TEST(Settings, ReferenceListsEachWithFlagVariableAndDefault) {
  Parsed parsed;
  Parse(parsed, {"--listen", "other:1"}, {});
  const std::string reference = parsed.settings.Reference();
  EXPECT_NE(reference.find("| `--pool-size` | `JOULEBOOK_LEDGER_POOL_SIZE` | `8` | connections (1 "
                           "to 64) |"),
            std::string::npos);
  EXPECT_NE(reference.find("| `--password-file` | `JOULEBOOK_LEDGER_PASSWORD_FILE` |  |"),
            std::string::npos);
  EXPECT_NE(reference.find("`127.0.0.1:1`"), std::string::npos) << reference;
}

}  // namespace
}  // namespace joulebook
