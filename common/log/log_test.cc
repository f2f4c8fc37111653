#include "common/log/log.h"

#include <nlohmann/json.hpp>

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

TEST(Log, WritesOneJsonObjectALineWithItsFields) {
  SetLogService("test");
  testing::internal::CaptureStderr();
  LogWarning("disk almost full", {{"path", "/a \"b\"\n"}, {"free_bytes", int64_t{12}}});
  const std::string output = testing::internal::GetCapturedStderr();

  ASSERT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
  const auto line = nlohmann::json::parse(output);
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["service"], "test");
  EXPECT_EQ(line["msg"], "disk almost full");
  EXPECT_EQ(line["path"], "/a \"b\"\n");
  EXPECT_EQ(line["free_bytes"], 12);
  EXPECT_TRUE(line["ts"].get<std::string>().ends_with("Z"));
}

TEST(Log, SurvivesBytesThatAreNoUtf8) {
  testing::internal::CaptureStderr();
  LogError("bad bytes", {{"value", std::string("\xff\xfe")}});
  EXPECT_TRUE(nlohmann::json::accept(testing::internal::GetCapturedStderr()));
}

}  // namespace
}  // namespace joulebook
