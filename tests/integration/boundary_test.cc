// Errors at the boundary that answers the client.

#include "services/ledger/rpc/boundary.h"

#include "common/rpc/status_conversion.h"
#include "common/testing/matchers.h"

namespace joulebook::ledger {
namespace {

absl::Status Answered(const absl::Status& status) {
  return FromGrpcStatus(LedgerBoundary().Finish("Test", status));
}

TEST(Boundary, ErrorsWithoutAReasonGetTheOneOfTheirCode) {
  EXPECT_THAT(Answered(absl::UnavailableError("x")),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_THAT(Answered(absl::ResourceExhaustedError("x")),
              StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  EXPECT_THAT(Answered(absl::DeadlineExceededError("x")),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED"));
  EXPECT_THAT(Answered(absl::OkStatus()), IsOk());
}

TEST(Boundary, InternalErrorsKeepTheirTextInside) {
  const absl::Status answered = Answered(absl::UnknownError("secret detail"));
  EXPECT_THAT(answered, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  EXPECT_EQ(answered.message().find("secret"), absl::string_view::npos);
}

}  // namespace
}  // namespace joulebook::ledger
