#include "common/testing/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/check.h"
#include "common/time/timers.h"

namespace joulebook {
namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(10);

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) merged.emplace_back(*entry);
  for (const auto& [name, value] : extra) merged.push_back(absl::StrCat(name, "=", value));
  return merged;
}

}  // namespace

absl::StatusOr<Process> Process::Start(const std::vector<std::string>& command,
                                       const std::string& log_path,
                                       const std::map<std::string, std::string>& environment) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log_path.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  const auto merged = MergedEnvironment(environment);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, command[0].c_str(), &files, nullptr,
                                 Pointers(command).data(), Pointers(merged).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return absl::UnknownError(absl::StrCat("cannot start ", command[0]));
  return Process(pid, log_path);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), log_path_(std::move(other.log_path_)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(log_path_, other.log_path_);
  return *this;
}

Process::~Process() {
  if (pid_ == 0) return;
  Signal(SIGKILL);
  Wait();
}

void Process::Signal(int signal) const {
  if (pid_ != 0) kill(pid_, signal);
}

int Process::Wait() {
  int status = 0;
  JB_CHECK(waitpid(std::exchange(pid_, 0), &status, 0) > 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Process::Log() const {
  std::ifstream file(log_path_);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

absl::StatusOr<std::string> Process::WaitForLog(const std::string& text, Duration timeout) const {
  SystemClock clock;
  ThreadSleeper sleeper;
  const Duration end = clock.MonotonicNow() + timeout;
  for (;;) {
    std::string log = Log();
    if (log.find(text) != std::string::npos) return log;
    siginfo_t ended{};
    const bool has_ended =
        waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid != 0;
    if (has_ended || clock.MonotonicNow() > end) return absl::DeadlineExceededError(log);
    sleeper.SleepFor(kPollInterval);
  }
}

absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& command) {
  const std::string directory = MakeTempDir();
  JB_ASSIGN_OR_RETURN(Process process, Process::Start(command, directory + "/log"));
  const int code = process.Wait();
  const std::string output = process.Log();
  std::filesystem::remove_all(directory);
  if (code == 0) return output;
  return absl::UnknownError(
      absl::StrCat(absl::StrJoin(command, " "), " exited with ", code, ":\n", output));
}

std::string MakeTempDir() {
  std::string path = (std::filesystem::temp_directory_path() / "joulebook-XXXXXX").string();
  JB_CHECK(mkdtemp(path.data()) != nullptr);
  chmod(path.c_str(), 0777);
  return path;
}

}  // namespace joulebook
