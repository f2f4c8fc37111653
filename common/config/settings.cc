#include "common/config/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace joulebook {
namespace {

std::string UpperSnake(std::string_view name) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(ToAbsl(name), {{"-", "_"}}));
}

}  // namespace

void Settings::Declare(Kind kind, std::string name, void* target, Range range, std::string help) {
  settings_.push_back({kind, std::move(name), target, range, std::move(help), "", ""});
  settings_.back().default_text = ValueOf(settings_.back());
}

void Settings::Text(std::string name, std::string* target, std::string help) {
  Declare(Kind::kText, std::move(name), target, {}, std::move(help));
}
void Settings::Integer(std::string name, int64_t* target, Range range, std::string help) {
  Declare(Kind::kInteger, std::move(name), target, range, std::move(help));
}
void Settings::Flag(std::string name, bool* target, std::string help) {
  Declare(Kind::kFlag, std::move(name), target, {}, std::move(help));
}
void Settings::Secret(std::string name, std::string* target, std::string help) {
  Declare(Kind::kSecret, std::move(name), target, {}, std::move(help));
}

std::string Settings::FlagOf(const Setting& setting) {
  return absl::StrCat("--", setting.name, setting.kind == Kind::kSecret ? "-file" : "");
}

std::string Settings::VariableOf(const Setting& setting) const {
  return absl::StrCat("JOULEBOOK_", UpperSnake(service_), "_",
                      UpperSnake(FlagOf(setting).substr(2)));
}

std::string Settings::ValueOf(const Setting& setting) {
  switch (setting.kind) {
    case Kind::kText:
      return *static_cast<const std::string*>(setting.target);
    case Kind::kInteger:
      return std::to_string(*static_cast<const int64_t*>(setting.target));
    case Kind::kFlag:
      return *static_cast<const bool*>(setting.target) ? "true" : "false";
    case Kind::kSecret:
      return static_cast<const std::string*>(setting.target)->empty() ? "" : "********";
  }
  return "";
}

absl::Status Settings::CheckEnvironment(const char* const* environment) const {
  const std::string prefix = absl::StrCat("JOULEBOOK_", UpperSnake(service_), "_");
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!name.starts_with(prefix)) continue;
    const bool is_known = std::any_of(settings_.begin(), settings_.end(),
                                      [&](const Setting& s) { return VariableOf(s) == name; });
    if (!is_known) {
      return absl::InvalidArgumentError(absl::StrCat("unknown setting ", ToAbsl(name)));
    }
  }
  return absl::OkStatus();
}

absl::Status Settings::ReadSecrets() {
  for (const Setting& setting : settings_) {
    if (setting.kind != Kind::kSecret || setting.file.empty()) continue;
    std::ifstream file(setting.file, std::ios::binary);
    std::ostringstream content;
    if (!file || !(content << file.rdbuf())) {
      return absl::NotFoundError(
          absl::StrCat(FlagOf(setting), ": cannot read ", setting.file, ", or it is empty"));
    }
    std::string text = content.str();
    if (absl::EndsWith(text, "\n")) text.pop_back();
    *static_cast<std::string*>(setting.target) = std::move(text);
  }
  return absl::OkStatus();
}

absl::Status Settings::Parse(int argc, const char* const* argv, const char* const* environment) {
  JB_RETURN_IF_ERROR(CheckEnvironment(environment));
  CLI::App app;
  for (Setting& setting : settings_) {
    CLI::Option* option = nullptr;
    switch (setting.kind) {
      case Kind::kText:
        option = app.add_option(FlagOf(setting), *static_cast<std::string*>(setting.target));
        break;
      case Kind::kInteger:
        option = app.add_option(FlagOf(setting), *static_cast<int64_t*>(setting.target))
                     ->check(CLI::Range(setting.range.min, setting.range.max));
        break;
      case Kind::kFlag:
        option = app.add_flag(FlagOf(setting), *static_cast<bool*>(setting.target));
        break;
      case Kind::kSecret:
        option = app.add_option(FlagOf(setting), setting.file);
        break;
    }
    option->envname(VariableOf(setting));
  }
  app.set_help_flag();
  app.add_option("command", commands_);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return ReadSecrets();
}

std::string Settings::Effective() const {
  std::string text;
  for (const Setting& setting : settings_) {
    absl::StrAppend(&text, setting.name, " = ", ValueOf(setting), "\n");
  }
  return text;
}

std::string Settings::Reference() const {
  std::string text = "| flag | variable | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : settings_) {
    std::string meaning = setting.help;
    if (setting.kind == Kind::kInteger) {
      absl::StrAppend(&meaning, " (", setting.range.min, " to ", setting.range.max, ")");
    }
    absl::StrAppend(
        &text, "| `", FlagOf(setting), "` | `", VariableOf(setting), "` | ",
        setting.default_text.empty() ? "" : absl::StrCat("`", setting.default_text, "`"), " | ",
        meaning, " |\n");
  }
  return text;
}

}  // namespace joulebook
