// Child processes of tests: started with arguments and environment, watched by their output.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

// Killed with SIGKILL when destroyed, if still running.
class Process {
 public:
  // Standard output and error go to `log_path`.
  static absl::StatusOr<Process> Start(const std::vector<std::string>& command,
                                       const std::string& log_path,
                                       const std::map<std::string, std::string>& environment = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  void Signal(int signal) const;
  // The exit code, or minus the signal that ended it; blocks.
  int Wait();
  // Blocks until the log holds `text`, up to `timeout`; the log so far. DEADLINE_EXCEEDED with the
  // log when it does not come, also when the process ends first.
  absl::StatusOr<std::string> WaitForLog(const std::string& text, Duration timeout) const;
  std::string Log() const;
  pid_t pid() const { return pid_; }

 private:
  Process(pid_t pid, std::string log_path) : pid_(pid), log_path_(std::move(log_path)) {}
  pid_t pid_;
  std::string log_path_;
};

// Runs a command to its end; UNKNOWN with its output when it exits other than 0.
absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& command);

// A fresh directory under the system's temporary one, readable by all.
std::string MakeTempDir();

}  // namespace joulebook
