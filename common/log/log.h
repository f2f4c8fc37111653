// One JSON object a line on standard error: {"ts":...,"level":...,"service":...,"msg":...,fields}.
//
//   LogInfo("listening", {{"address", address}});
//
// Messages are constant strings; what changes is a field. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace joulebook {

struct LogField {
  std::string_view name;
  std::variant<std::string, int64_t> value;
};

// The name in every line from now on; call once, before threads start.
void SetLogService(std::string_view service);

void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {});
void LogWarning(std::string_view message, std::initializer_list<LogField> fields = {});
void LogError(std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace joulebook
