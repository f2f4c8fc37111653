// A client whose program calls and never reads the answers: its connection is alive, but it leaves
// the server no window for an answer's data.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/status/check.h"

namespace joulebook {

class UnreadingClient {
 public:
  explicit UnreadingClient(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    JB_CHECK(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const std::string no_window("\0\x04\0\0\0\0", 6);  // SETTINGS_INITIAL_WINDOW_SIZE = 0
    Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, no_window));
    acknowledging_ = std::thread([this] { Acknowledge(); });
  }
  ~UnreadingClient() {
    shutdown(socket_, SHUT_RDWR);
    acknowledging_.join();
    close(socket_);
  }
  UnreadingClient(const UnreadingClient&) = delete;
  UnreadingClient& operator=(const UnreadingClient&) = delete;

  // Calls `path` with one message of at most 16 KiB; 60 times at most.
  void Call(std::string_view path, const std::string& message = "") {
    std::string headers;
    for (const auto& [name, value] :
         {std::pair<std::string_view, std::string_view>(":method", "POST"),
          {":scheme", "http"},
          {":path", path},
          {":authority", "localhost"},
          {"te", "trailers"},
          {"content-type", "application/grpc"}}) {
      headers += std::string(1, '\0') + Text(name) + Text(value);  // literal, not indexed
    }
    const std::string prefix{0, 0, 0, static_cast<char>(message.size() >> 8),
                             static_cast<char>(message.size())};
    Send(Frame(kHeaders, kEndHeaders, stream_, headers) +
         Frame(kData, kEndStream, stream_, prefix + message));
    stream_ = static_cast<char>(stream_ + 2);
  }
  // Calls that the server gave up.
  int resets() const { return resets_; }

 private:
  static constexpr char kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6;
  static constexpr char kAck = 1, kEndStream = 1, kEndHeaders = 4;
  static constexpr std::size_t kHead = 9;

  static std::string Text(std::string_view text) {
    return std::string(1, static_cast<char>(text.size())) + std::string(text);
  }
  static std::string Frame(char type, char flags, char stream, const std::string& payload) {
    const auto size = payload.size();
    const std::string head{static_cast<char>(size >> 16),
                           static_cast<char>(size >> 8),
                           static_cast<char>(size),
                           type,
                           flags,
                           0,
                           0,
                           0,
                           stream};
    return head + payload;
  }
  void Send(const std::string& bytes) {
    const std::lock_guard lock(sending_);
    send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  bool Receive(char* bytes, std::size_t size) {
    return size == 0 || recv(socket_, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }
  // Answers the frames that keep a connection alive, until it ends.
  void Acknowledge() {
    char head[kHead];
    while (Receive(head, kHead)) {
      const auto byte = [&head](int i) {
        return static_cast<std::size_t>(static_cast<uint8_t>(head[i]));
      };
      std::string payload((byte(0) << 16) + (byte(1) << 8) + byte(2), '\0');
      if (!Receive(payload.data(), payload.size())) return;
      resets_ += head[3] == kReset;
      if (head[4] == kAck) continue;
      if (head[3] == kPing) Send(Frame(kPing, kAck, 0, payload));
      if (head[3] == kSettings) Send(Frame(kSettings, kAck, 0, ""));
    }
  }

  const int socket_;
  char stream_ = 1;
  std::atomic<int> resets_ = 0;
  std::mutex sending_;
  std::thread acknowledging_;
};

}  // namespace joulebook
