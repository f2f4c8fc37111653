// A service's settings: declared once, read from flags, then environment, then defaults.
//
//   struct Config { std::string listen = "127.0.0.1:7101"; int64_t pool_size = 8; };
//   Settings settings("ledger");
//   settings.Text("listen", &config.listen, "address to serve on");
//   settings.Integer("pool-size", &config.pool_size, {1, 64}, "database connections");
//   JB_RETURN_IF_ERROR(settings.Parse(argc, argv, environ));
//
// The setting `pool-size` is the flag --pool-size and the variable JOULEBOOK_LEDGER_POOL_SIZE. A
// secret has no flag and no variable of its own, only --NAME-file and ..._NAME_FILE: its value
// never stands on a command line or in an environment. Unknown flags, and unknown variables with
// the service's prefix, are errors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace joulebook {

class Settings {
 public:
  struct Range {
    int64_t min;
    int64_t max;
  };

  explicit Settings(std::string service) : service_(std::move(service)) {}

  // Targets must outlive Parse and hold the default when declared.
  void Text(std::string name, std::string* target, std::string help);
  void Integer(std::string name, int64_t* target, Range range, std::string help);
  void Flag(std::string name, bool* target, std::string help);
  // Reads the file's content, less one trailing newline, into `target`.
  void Secret(std::string name, std::string* target, std::string help);

  // INVALID_ARGUMENT with the offending name for unknown or malformed settings, NOT_FOUND for a
  // secret's file that cannot be read. Positional words end up in commands().
  absl::Status Parse(int argc, const char* const* argv, const char* const* environment);

  const std::vector<std::string>& commands() const { return commands_; }
  // "name = value" lines, secrets masked.
  std::string Effective() const;
  // A Markdown table of all settings with flag, variable, default and meaning.
  std::string Reference() const;

 private:
  enum class Kind { kText, kInteger, kFlag, kSecret };
  struct Setting {
    Kind kind;
    std::string name;
    void* target;
    Range range;
    std::string help;
    std::string default_text;
    std::string file;  // of a secret
  };

  void Declare(Kind kind, std::string name, void* target, Range range, std::string help);
  std::string VariableOf(const Setting& setting) const;
  absl::Status CheckEnvironment(const char* const* environment) const;
  absl::Status ReadSecrets();
  static std::string FlagOf(const Setting& setting);
  static std::string ValueOf(const Setting& setting);

  const std::string service_;
  std::vector<Setting> settings_;
  std::vector<std::string> commands_;
};

}  // namespace joulebook
