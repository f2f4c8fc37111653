#include "services/costing/domain/tariff_document.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>

#include "common/testing/matchers.h"
#include "joulebook/type/v1/operation_type.pb.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/operations_reference.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/domain/zone_names.h"

namespace joulebook::costing {
namespace {

TEST(ParseTariff, ReadsTheShippedTariffs) {
  for (const char* name : {"constants", "block_table"}) {
    const auto document = ParseTariff(ShippedText(name), FindZone);
    ASSERT_THAT(document, IsOk());
    EXPECT_EQ(document->tariff.name, name);
    EXPECT_EQ(document->tariff.operations.size(), kOperationNames.size() - 1);
  }
}

TEST(ParseTariff, NamesOperationsAsTheProtoDoes) {
  for (std::size_t i = 1; i < kOperationNames.size(); ++i) {
    EXPECT_EQ(type::v1::OperationType_Name(static_cast<int>(i)),
              std::string("OPERATION_TYPE_") + kOperationNames[i]);
  }
  EXPECT_EQ(kOperationNames.size(), static_cast<std::size_t>(type::v1::OperationType_ARRAYSIZE));
}

TEST(ParseTariff, HasOneCanonicalTextForOneTariff) {
  const auto document = ParseTariff(ShippedText("constants"), FindZone).value();
  EXPECT_EQ(ParseTariff(document.canonical, FindZone)->canonical, document.canonical);
  const std::string spaced = nlohmann::json::parse(ShippedText("constants")).dump(4);
  EXPECT_EQ(ParseTariff(spaced, FindZone)->canonical, document.canonical);
  EXPECT_NE(ParsePatched("constants", R"({"version": 2})")->canonical, document.canonical);
}

// To write the page anew: JOULEBOOK_WRITE_REFERENCE=1 costing_domain_test
TEST(OperationsReference, IsTheShippedPage) {
  const std::string path = JOULEBOOK_SOURCE_DIR "/docs/reference/operations.md";
  const std::string page = OperationsReference(Patched()).value();
  if (std::getenv("JOULEBOOK_WRITE_REFERENCE") != nullptr) std::ofstream(path) << page;
  std::stringstream shipped;
  shipped << std::ifstream(path).rdbuf();
  EXPECT_EQ(shipped.str(), page);
}

struct Case {
  std::string patch, place, problem;
};

void ExpectRefused(const Case& c) {
  const absl::Status status = ParsePatched("constants", c.patch).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID")) << c.patch;
  const std::string message(status.message());
  EXPECT_EQ(message.find("the tariff's " + c.place + " "), 0U) << message << "\n" << c.place;
  EXPECT_NE(message.find(c.problem), std::string::npos) << message << "\n" << c.problem;
}

TEST(ParseTariff, RefusesNonsenseAndNamesThePlace) {
  const char* const flat = R"("tiering": "graduated")";
  const auto rate = [&](const std::string& tiers) {
    return std::string(R"({"rates": {"hash": {)") + flat + R"(, "tiers": [)" + tiers + "]}}}";
  };
  const auto windows = [](const std::string& list) {
    return R"({"time_of_use": {"windows": [)" + list + "]}}";
  };
  const auto window = [](const std::string& name, const std::string& from, const std::string& to) {
    return R"({"name": ")" + name + R"(", "weekdays": ["mon"], "from": ")" + from +
           R"(", "to": ")" + to + R"(", "factor": "2"})";
  };
  const Case cases[] = {
      {R"({"format": "other"})", "format", "must be joulebook.tariff.v1"},
      {R"({"name": "Big"})", "name", "must be of a-z"},
      {R"({"version": 0})", "version", "must be a whole number from 1 to 9223372036854775807"},
      {R"({"version": 1.5})", "version", "whole number"},
      {R"({"version": 18446744073709551615})", "version", "whole number"},
      {R"({"effective_us": -1})", "effective_us", "whole number"},
      {R"({"rounding": "up"})", "rounding", "must be one of floor, ceiling, half_up, half_even"},
      {R"({"surprise": 1})", "surprise", "is not known"},
      {R"({"limits": null})", "limits", "is missing"},
      {R"({"units": []})", "units", "must be an object"},
      {R"({"units": {"kilobyte_bytes": 0}})", "units.kilobyte_bytes", "from 1 to"},
      {rate(R"({"joules": "-0.001"})"), "rates.hash.tiers[0].joules", "must be from 0"},
      {rate(R"({"joules": 0.001})"), "rates.hash.tiers[0].joules", "must be a text"},
      {rate(R"({"joules": "0.0010"})"), "rates.hash.tiers[0].joules", "must be written 0.001"},
      {rate(R"({"joules": "one"})"), "rates.hash.tiers[0].joules", "must be a number"},
      {rate(""), "rates.hash.tiers", "must not be empty"},
      {rate(R"({"joules": "1", "up_to": "5"})"), "rates.hash.tiers[0].up_to", "has no end"},
      {rate(R"({"joules": "1"}, {"joules": "2"})"), "rates.hash.tiers[0].up_to", "is missing"},
      {rate(R"({"joules": "1", "up_to": "5"}, {"joules": "1", "up_to": "5"}, {"joules": "2"})"),
       "rates.hash.tiers[1].up_to", "must be above the tier before"},
      {R"({"rates": {"Hash!": {}}})", "rates.Hash!", "must be of a-z"},
      {R"({"rates": {"hash": null}})", "operations.BLOCK_REPLICATION.terms[0].rate",
       "is not among the rates"},
      {R"({"operations": {"BLOCK_EAT": {}}})", "operations.BLOCK_EAT", "is no operation type"},
      {R"({"operations": {"RATE_MEMBER": {"terms": [{"part": "proof_of_work"}]}}})",
       "operations.RATE_MEMBER.terms[0].part", "must be one of computation, storage, network"},
      {R"({"operations": {"RATE_MEMBER": {"minimum_joules": "-1"}}})",
       "operations.RATE_MEMBER.minimum_joules", "must be from 0"},
      {R"({"durability": {"hot": "-2"}})", "durability.hot", "must be from 0"},
      {R"({"durability": {"lukewarm": "1"}})", "durability.lukewarm", "is not known"},
      {R"({"redundancy": {"max_copies": 256}})", "redundancy.max_copies", "from 1 to 255"},
      {R"({"proof_of_work": {"max_bits": 7}})", "proof_of_work.max_bits", "from 8 to 64"},
      {R"({"time_of_use": {"zone": "Mars/Olympus"}})", "time_of_use.zone",
       "is no name of the IANA time zone database"},
      {windows(window("a", "22:00", "18:00")), "time_of_use.windows[0].to", "must be after from"},
      {windows(window("a", "18:00", "18:00")), "time_of_use.windows[0].to", "must be after from"},
      {windows(window("a", "18:60", "19:00")), "time_of_use.windows[0].from", "must be a time"},
      {windows(window("a", "23:00", "24:01")), "time_of_use.windows[0].to", "must be a time"},
      {windows(window("a", "8:00", "9:00")), "time_of_use.windows[0].from", "must be a time"},
      {windows(window("a", "18:00", "20:00") + "," + window("b", "19:59", "21:00")),
       "time_of_use.windows[1]", "overlaps a"},
      {R"({"utility": {"slope": "2.5"}})", "utility.slope", "must be from 0 to 2"},
      {R"({"discounts": {"cap": "1.5"}})", "discounts.cap", "must be from 0 to 1"},
      {R"({"discounts": {"shares": {"provider": "2"}}})", "discounts.shares.provider",
       "must be from 0 to 1"},
  };
  for (const Case& c : cases) ExpectRefused(c);
}

TEST(ParseTariff, RefusesNonsenseOfWhatIsNotAPrice) {
  const Case cases[] = {
      {R"({"limits": {"concurrent_searches": -1}})", "limits.concurrent_searches", "whole number"},
      {R"({"congestion": {"period_s": 0}})", "congestion.period_s", "from 1 to"},
      {R"({"congestion": {"max_step_ppm": 1000000}})", "congestion.max_step_ppm",
       "from 0 to 999999"},
      {R"({"congestion": {"floor_ppm": 999999}})", "congestion.floor_ppm", "from 1000000 to"},
      {R"({"congestion": {"ceiling_ppm": 1}})", "congestion.ceiling_ppm", "from 1000000 to"},
      {R"({"congestion": {"classes": {"searches": {"target": 0}}}})",
       "congestion.classes.searches.target", "from 1 to"},
      {R"({"congestion": {"classes": {"a": {"target": 1, "operations": ["BLOCK_EAT"]}}}})",
       "congestion.classes.a.operations", "names no operation type: BLOCK_EAT"},
      {R"({"congestion": {"classes": {"a": {"target": 1, "operations": ["NODE_SEARCH"]}}}})",
       "congestion.classes.searches.operations", "has NODE_SEARCH, which is in a class already"},
      {R"({"payee": null})", "payee", "is missing"},
      {R"({"payee": "personal"})", "payee",
       "must be provider, any_provider, fees, escrow, sink or"},
      {R"({"payee": "0000000A-0000-7000-8000-000000000001"})", "payee", "or an account's id"},
      {R"({"payee": "00000000-0000-0000-0000-000000000000"})", "payee", "or an account's id"},
      {R"({"operations": {"RATE_MEMBER": {"payee": 1}}})", "operations.RATE_MEMBER.payee",
       "must be a text"},
      {R"({"revenue_ppm": {"fund": 99999}})", "revenue_ppm", "must sum to 1000000"},
      {R"({"earning": {"storage": "-1"}})", "earning.storage", "must be from 0"},
  };
  for (const Case& c : cases) ExpectRefused(c);
}

TEST(ParseTariff, ReadsWhoIsPaid) {
  const Tariff tariff = Patched(R"({"payee": "sink", "operations": {
      "BLOCK_STORE": {"payee": "provider"},
      "BLOCK_RETRIEVE": {"payee": "any_provider"},
      "BLOCK_DELETE": {"payee": "0000000a-0000-7000-8000-000000000001"},
      "BLOCK_VERIFY": {"payee": "fees"}}})");
  EXPECT_EQ(tariff.payee, Payee{.role = PayeeRole::kSink});
  using Kind = Payee::Kind;
  const Payee expected[] = {
      {.kind = Kind::kProvider},
      {.role = PayeeRole::kProvider},
      {.kind = Kind::kAccount, .id = *Uuid::Parse("0000000a-0000-7000-8000-000000000001")},
      {.role = PayeeRole::kFees}};
  for (int32_t operation = 1; operation <= 4; ++operation) {
    EXPECT_EQ(tariff.operations.at(operation).payee, expected[operation - 1]) << operation;
  }
  EXPECT_EQ(tariff.operations.at(5).payee, std::nullopt);
  EXPECT_EQ(Patched().payee, Payee{.role = PayeeRole::kEscrow});
}

std::string Repeated(const std::string& item, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + item;
  return list;
}

// A zone that a machine finds under another name than IANA's is another one on the next machine.
TEST(ParseTariff, TakesZonesOfTheIanaDatabaseOnly) {
  const auto parse = [](const std::string& zone) {
    return ParsePatched("constants", R"({"time_of_use": {"zone": ")" + zone + R"("}})").status();
  };
  for (const char* const zone :
       {"Europe/Berlin", "UTC", "Etc/GMT+7", "Asia/Saigon", "US/Pacific"}) {
    EXPECT_THAT(parse(zone), IsOk()) << zone;
  }
  for (const char* const zone :
       {"localtime", "libc:localtime", "libc:UTC", "../zoneinfo/UTC", "file:UTC",
        "/usr/share/zoneinfo/Europe/Berlin", "file:/usr/share/zoneinfo/Europe/Berlin", "Factory",
        "posix/UTC", "right/UTC", "posixrules", "Fixed/UTC+01:00:00", "europe/berlin", "Europe",
        "UTC ", "", " ", "Africa/Abidjan Africa/Accra"}) {
    ExpectRefused({R"({"time_of_use": {"zone": ")" + std::string(zone) + R"("}})",
                   "time_of_use.zone", "is no name of the IANA time zone database"});
  }
}

// The list is that of the database it was made from, and later ones only add to it.
TEST(ZoneNames, AreThoseOfTheTimeZoneDatabase) {
  std::ifstream database("/usr/share/zoneinfo/tzdata.zi");
  std::string line;
  std::set<std::string> expected;
  ASSERT_TRUE(std::getline(database, line));
  const bool is_same_version = line == "# version " + std::string(kZoneNamesVersion);
  while (std::getline(database, line)) {
    std::istringstream words(line);
    std::string kind, first, second;
    words >> kind >> first >> second;
    if (kind == "Z" && first != "Factory") expected.insert(first);
    if (kind == "L") expected.insert(second);
  }
  std::istringstream listed{std::string(kZoneNames)};
  const std::set<std::string> names{std::istream_iterator<std::string>(listed), {}};
  EXPECT_TRUE(std::includes(expected.begin(), expected.end(), names.begin(), names.end()));
  if (is_same_version) {
    EXPECT_EQ(names, expected);
  }
}

TEST(ParseTariff, LimitsTheWorkThatATariffMakes) {
  const std::string hot = R"({"durability": {"hot": ")";
  EXPECT_THAT(ParsePatched("constants", hot + R"(0.123456789012345678"}})"), IsOk());
  const std::string term =
      R"({"part": "storage", "rate": "hash", "quantity": "nodes", "times": "1", "scales": []})";
  const auto terms = [&](int count) {
    return R"({"operations": {"RATE_MEMBER": {"terms": [)" + Repeated(term, count) + "]}}}";
  };
  const auto scales = [](int count) {
    return R"({"operations": {"RATE_MEMBER": {"terms": [{"part": "storage", "rate": "hash", )"
           R"("quantity": "nodes", "times": "1", "scales": [)" +
           Repeated(R"("broadcast")", count) + "]}]}}}";
  };
  const auto window = [](const std::string& weekdays) {
    return R"({"time_of_use": {"windows": [{"name": "w", "weekdays": [)" + weekdays +
           R"(], "from": "18:00", "to": "22:00", "factor": "1.5"}]}})";
  };
  std::string shares = R"("a0": "0")";
  for (int i = 1; i < 33; ++i) shares += ", \"a" + std::to_string(i) + R"(": "0")";
  const Case cases[] = {
      {hot + R"(0.1234567890123456789"}})", "durability.hot",
       "must have a common denominator with the numbers before, of at most 1000000000000000000"},
      {hot + R"(0.123456789012345678", "cold": "1/3"}})", "durability.cold",
       "must have a common denominator"},
      {hot + std::string(41, '1') + R"("}})", "durability.hot", "must have at most 40 characters"},
      {terms(33), "operations.RATE_MEMBER.terms", "must have at most 32 entries"},
      {scales(33), "operations.RATE_MEMBER.terms[0].scales", "must have at most 32 entries"},
      {window(Repeated(R"("mon")", 33)), "time_of_use.windows[0].weekdays",
       "must have at most 32 entries"},
      {R"({"congestion": {"classes": {"messages": {"operations": [)" +
           Repeated(R"("MESSAGE_SEND")", 33) + "]}}}}",
       "congestion.classes.messages.operations", "must have at most 32 entries"},
      {R"({"discounts": {"shares": {)" + shares + "}}}", "discounts.shares",
       "must have at most 32 entries"},
      {R"({"effective_us": 253402300800000000})", "effective_us", "to 253402300799999999"},
  };
  for (const Case& c : cases) ExpectRefused(c);
  EXPECT_THAT(ParsePatched("constants", terms(32)), IsOk());
}

TEST(ParseTariff, RefusesTextThatIsNoTariff) {
  const std::string deep(10'000, '[');
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{"), deep,
                                  std::string(R"({"name": 1, "name": 2})"), std::string("{\xff}"),
                                  std::string(R"({"name": "\xff"})")}) {
    EXPECT_THAT(ParseTariff(text, FindZone).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID"))
        << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace joulebook::costing
