#include "common/status/status.h"

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

TEST(MakeError, CarriesReasonDomainAndMetadata) {
  const ErrorInfo info{"MEMBER_NOT_FOUND", "ledger.joulebook", {{"member_id", "m1"}}};

  const absl::Status status = MakeError(absl::StatusCode::kNotFound, info, "no such member");

  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetErrorInfo(status), info);
}

TEST(MakeError, CutsLongTextBetweenCharacters) {
  const std::string fits(kMaxErrorText, 'x');
  std::string cut = fits.substr(1);
  cut += "...";
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound,
                {"GONE", "test", {{"a", fits}, {"b", fits.substr(1) + "é"}}}, fits.substr(1) + "é");
  EXPECT_EQ(status.message(), cut);
  EXPECT_EQ(GetErrorInfo(status)->metadata,
            (std::map<std::string, std::string>{{"a", fits}, {"b", cut}}));
}

TEST(GetErrorInfo, IsEmptyForAPlainStatus) {
  EXPECT_EQ(GetErrorInfo(absl::InternalError("plain")), std::nullopt);
  EXPECT_EQ(GetErrorInfo(absl::OkStatus()), std::nullopt);
}

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  JB_ASSIGN_OR_RETURN(const int half, Half(value));
  JB_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(Macros, PassValuesOnAndReturnTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_EQ(Quarter(7).status().message(), "odd");
}

TEST(StatusIs, ComparesCodeAndReason) {
  const absl::Status status = MakeError(absl::StatusCode::kNotFound, {"GONE", "test", {}}, "gone");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, "GONE"));
  EXPECT_THAT(status, testing::Not(StatusIs(absl::StatusCode::kNotFound, "OTHER")));
  EXPECT_THAT(absl::OkStatus(), IsOk());
}

}  // namespace
}  // namespace joulebook
