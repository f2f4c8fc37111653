#include "common/files/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace joulebook {
namespace {

absl::Status Failed(const char* what, const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot ", what, " ", path, ": ", strerror(errno)));
}

// A file descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags) : descriptor_(open(path.c_str(), flags, 0600)) {}
  ~File() {
    if (is_open()) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

bool WriteAll(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path) {
  const File file(path, O_RDONLY | O_CLOEXEC);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return Failed("read", path);
  }
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t size = read(file.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed("read", path);
    if (size == 0) return std::optional(std::move(content));
    content.append(buffer, static_cast<std::size_t>(size));
  }
}

absl::Status WriteDurably(const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  {
    const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (!file.is_open() || !WriteAll(file.get(), content) || fsync(file.get()) != 0) {
      return Failed("write", fresh);
    }
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return Failed("replace", path);
  const File directory(DirectoryOf(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!directory.is_open() || fsync(directory.get()) != 0) return Failed("write", path);
  return absl::OkStatus();
}

}  // namespace joulebook
