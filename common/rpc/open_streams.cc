#include "common/rpc/open_streams.h"

#include <algorithm>
#include <vector>

namespace joulebook {

OpenStreams::OpenStreams(const Boundary& boundary, const StreamLimits& limits, Clock& clock,
                         Timers& timers)
    : boundary_(boundary),
      limits_(limits),
      clock_(clock),
      looking_(timers.RunEvery(kStreamLook, [this] { Look(); })) {}

void OpenStreams::Open(const std::shared_ptr<OpenStream>& stream,
                       const absl::StatusOr<Admission>& admission) {
  const absl::Status taken = admission.ok() ? Add(stream, *admission) : admission.status();
  if (!taken.ok()) stream->End(taken);
  stream->Start();
}

absl::Status OpenStreams::Add(const std::shared_ptr<OpenStream>& stream,
                              const Admission& admission) {
  const std::lock_guard lock(mutex_);
  if (is_draining_) return boundary_.Draining();
  if (open_.size() >= limits_.max_open) {
    return boundary_.Overloaded(limits_.name, limits_.max_open);
  }
  open_.emplace(stream.get(), Entry{stream, admission});
  return absl::OkStatus();
}

void OpenStreams::Remove(const OpenStream& stream) {
  std::unique_lock lock(mutex_);
  const auto last = open_.extract(&stream);
  lock.unlock();  // the stream may be destroyed here
}

void OpenStreams::Drain() {
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = true;
  }
  Look();
}

void OpenStreams::Look() {
  std::vector<Entry> open;
  bool is_draining = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : open_) open.push_back(entry);
    is_draining = is_draining_;
  }
  const Duration now = clock_.MonotonicNow();
  const Duration unread = is_draining ? std::min(limits_.unread, kLastRead) : limits_.unread;
  for (const auto& [stream, admission] : open) {
    const absl::Status status = is_draining ? boundary_.Draining() : admission.Check();
    if (!status.ok()) stream->End(status);
    stream->CancelIfUnread(now, unread);
  }
}

}  // namespace joulebook
