#include "common/files/durable_file.h"

#include "common/testing/matchers.h"
#include "common/testing/process.h"

namespace joulebook {
namespace {

TEST(DurableFile, IsReplacedAsAWhole) {
  const std::string path = MakeTempDir() + "/file";
  auto read = ReadIfThere(path);
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->has_value());
  for (const std::string& content : {std::string(10'000, 'a'), std::string("b"), std::string()}) {
    ASSERT_THAT(WriteDurably(path, content), IsOk());
    read = ReadIfThere(path);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, content);
  }
  EXPECT_FALSE(*ReadIfThere(path + ".new")) << "nothing is left behind";
}

TEST(DurableFile, SaysWhereItCannotBe) {
  const std::string path = MakeTempDir() + "/nowhere/file";
  EXPECT_EQ(WriteDurably(path, "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadIfThere(MakeTempDir()).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace joulebook
