// A client's side of a stream where each request is answered by one response.
#pragma once

#include <memory>
#include <string>

#include "common/rpc/client.h"

namespace joulebook {

template <typename Stub, typename Request, typename Response>
class StreamingClient {
 public:
  using Stream = grpc::ClientReaderWriter<Request, Response>;

  StreamingClient(Stub& stub, std::unique_ptr<Stream> (Stub::*open)(grpc::ClientContext*),
                  const std::string& token = "") {
    PrepareCall(context_, std::chrono::seconds(120), token);
    stream_ = (stub.*open)(&context_);
  }

  // Whether the request was answered.
  bool Ask(const Request& request) { return stream_->Write(request) && Read(); }
  bool Read() {
    Response response;
    return stream_->Read(&response);
  }
  absl::Status Finish() {
    stream_->WritesDone();
    return FromGrpcStatus(stream_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace joulebook
