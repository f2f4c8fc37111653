#include "common/log/log.h"

#include <fmt/chrono.h>
#include <spdlog/details/os.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace joulebook {
namespace {

struct Logger {
  std::string service = "joulebook";
  spdlog::logger sink{"joulebook", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

  Logger() { sink.set_pattern("%v"); }
};

Logger& TheLogger() {
  static Logger* const logger = new Logger;  // Never destroyed: threads may log until the end.
  return *logger;
}

// ISO 8601 in UTC with milliseconds, as spdlog's own clock reading gives it.
std::string FormatTime(spdlog::log_clock::time_point time) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(ms / 1000), ms % 1000);
}

void Write(spdlog::level::level_enum level, std::string_view level_name, std::string_view message,
           std::initializer_list<LogField> fields) {
  Logger& logger = TheLogger();
  nlohmann::ordered_json line;
  line["ts"] = FormatTime(spdlog::details::os::now());
  line["level"] = level_name;
  line["service"] = logger.service;
  line["msg"] = message;
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
  }
  // Bytes that are no UTF-8 become U+FFFD: a log line must never fail.
  logger.sink.log(level, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void SetLogService(std::string_view service) { TheLogger().service = service; }

void LogInfo(std::string_view message, std::initializer_list<LogField> fields) {
  Write(spdlog::level::info, "info", message, fields);
}
void LogWarning(std::string_view message, std::initializer_list<LogField> fields) {
  Write(spdlog::level::warn, "warning", message, fields);
}
void LogError(std::string_view message, std::initializer_list<LogField> fields) {
  Write(spdlog::level::err, "error", message, fields);
}

}  // namespace joulebook
