#include "common/ids/uuid.h"

#include <rapidcheck.h>

#include <set>

#include "common/ids/id_generator.h"
#include "common/testing/matchers.h"
#include "common/testing/virtual_clock.h"

namespace joulebook {
namespace {

TEST(Uuid, ParsesTheTextFormInEitherCase) {
  const auto uuid = Uuid::Parse("01890A5D-ac96-774b-bcce-b302099a8057");
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(uuid->ToString(), "01890a5d-ac96-774b-bcce-b302099a8057");
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* bad :
       {"", "01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a805",
        "x1890a5d-ac96-774b-bcce-b302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}",
        "01890a5d-ac96-774b-bcce-b302099a8057 ", "01890a5dxac96-774b-bcce-b302099a8057"}) {
    EXPECT_EQ(Uuid::Parse(bad), std::nullopt) << bad;
  }
}

TEST(Uuid, KnowsNilAndMax) {
  EXPECT_TRUE(Uuid::Parse("00000000-0000-0000-0000-000000000000")->IsNil());
  EXPECT_TRUE(Uuid::Parse("ffffffff-ffff-ffff-ffff-ffffffffffff")->IsMax());
}

TEST(Uuid, EveryTextComesBack) {
  EXPECT_TRUE(rc::check([](const std::array<uint8_t, 16>& bytes) {
    const Uuid uuid{bytes};
    RC_ASSERT(Uuid::Parse(uuid.ToString()) == uuid);
  }));
}

TEST(UuidV7Generator, GivesVersionAndVariantTimeFirstAndNoRepeats) {
  VirtualClock clock(Time(std::chrono::milliseconds(0x01890a5dac96)));
  SeededRandom random(1);
  UuidV7Generator ids(clock, random);
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const Uuid uuid = ids.Next();
    const std::string text = uuid.ToString();
    ASSERT_EQ(text.substr(0, 15), "01890a5d-ac96-7");
    ASSERT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    ASSERT_TRUE(seen.insert(uuid).second);
  }
}

TEST(MakeSystemRandom, DiffersBetweenCalls) {
  EXPECT_NE(MakeSystemRandom()->Next(), MakeSystemRandom()->Next());
}

}  // namespace
}  // namespace joulebook
