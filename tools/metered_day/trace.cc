#include "tools/metered_day/trace.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/ids/random.h"

namespace joulebook::metered_day {
namespace {

constexpr char kOwnHeader[] = "time,member,operation,bytes,provider";
constexpr char kBlockHeader[] = "version,time,op,size,lbn";
constexpr std::size_t kFields = 5;
constexpr int64_t kStorageSeconds = int64_t{30} * 24 * 3600;
constexpr int32_t kCopies = 3;
constexpr int64_t kFailEvery = 100;
constexpr int64_t kBlocksPerMember = 1'048'576;
constexpr int64_t kMembers = 64;
constexpr int64_t kProviders = 8;
constexpr std::size_t kMaxNameBytes = 64;

using Fields = std::array<absl::string_view, kFields>;

// False unless there are exactly as many as needed.
bool SplitFields(absl::string_view line, Fields& fields) {
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == absl::string_view::npos) != (i + 1 == kFields)) return false;
    fields[i] = line.substr(0, comma);
    if (comma != absl::string_view::npos) line.remove_prefix(comma + 1);
  }
  return true;
}

absl::Status ReadOwnRow(const Fields& fields, Usage& usage) {
  usage.member = std::string(fields[1]);
  usage.provider = std::string(fields[4]);
  if (!type::v1::OperationType_Parse(absl::StrCat("OPERATION_TYPE_", fields[2]),
                                     &usage.operation) ||
      usage.operation == type::v1::OPERATION_TYPE_UNSPECIFIED) {
    return absl::InvalidArgumentError(absl::StrCat("unknown operation ", fields[2]));
  }
  if (usage.member.empty() || usage.member.size() > kMaxNameBytes || usage.provider.empty() ||
      usage.provider.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError("names have 1 to 64 bytes");
  }
  if (!absl::SimpleAtoi(fields[3], &usage.bytes) || usage.bytes < 0) {
    return absl::InvalidArgumentError("bytes must be a number, 0 or more");
  }
  return absl::OkStatus();
}

absl::Status ReadBlockRow(const Fields& fields, Usage& usage) {
  int64_t block = 0;
  if (!absl::SimpleAtoi(fields[3], &usage.bytes) || usage.bytes < 0 ||
      !absl::SimpleAtoi(fields[4], &block) || block < 0) {
    return absl::InvalidArgumentError("size and lbn must be numbers, 0 or more");
  }
  if (fields[2] == "2a") {
    usage.operation = type::v1::OPERATION_TYPE_BLOCK_STORE;
  } else if (fields[2] == "28") {
    usage.operation = type::v1::OPERATION_TYPE_BLOCK_RETRIEVE;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("unknown opcode ", fields[2]));
  }
  usage.member = absl::StrFormat("member-%02d", (block / kBlocksPerMember) % kMembers);
  usage.provider = absl::StrFormat("provider-%d", block % kProviders);
  return absl::OkStatus();
}

}  // namespace

absl::Status VisitTrace(std::istream& csv, const std::function<absl::Status(Usage&)>& visit) {
  std::string line;
  std::getline(csv, line);
  const bool is_block_trace = line == kBlockHeader;
  if (!is_block_trace && line != kOwnHeader) {
    return absl::InvalidArgumentError(
        absl::StrCat("the header must be ", kOwnHeader, " or ", kBlockHeader));
  }
  for (int64_t row = 1; std::getline(csv, line); ++row) {
    Fields fields;
    Usage usage;
    absl::Status status = absl::InvalidArgumentError("five fields are needed");
    if (SplitFields(line, fields)) {
      status = is_block_trace ? ReadBlockRow(fields, usage) : ReadOwnRow(fields, usage);
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", row + 1, ": ", status.message()));
    }
    if (usage.operation == type::v1::OPERATION_TYPE_BLOCK_STORE) {
      usage.duration_s = kStorageSeconds;
      usage.redundancy = kCopies;
    }
    usage.fails = row % kFailEvery == 0;
    JB_RETURN_IF_ERROR(visit(usage));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Usage>> ReadTrace(std::istream& csv) {
  std::vector<Usage> trace;
  JB_RETURN_IF_ERROR(VisitTrace(csv, [&trace](Usage& usage) {
    trace.push_back(std::move(usage));
    return absl::OkStatus();
  }));
  return trace;
}

void GenerateTrace(uint64_t seed, int rows, std::ostream& csv) {
  constexpr const char* kOperations[] = {"BLOCK_STORE",    "BLOCK_STORE",  "BLOCK_RETRIEVE",
                                         "BLOCK_RETRIEVE", "BLOCK_VERIFY", "MESSAGE_SEND"};
  SeededRandom random(seed);
  csv << kOwnHeader << "\n";
  uint64_t time_ms = 0;
  for (int row = 0; row < rows; ++row) {
    time_ms += random.Next() % 40'000;
    // A few members do most: the smaller of two draws.
    const uint64_t member = std::min(random.Next() % 12, random.Next() % 12);
    const uint64_t bytes = uint64_t{512} << (random.Next() % 12);
    csv << time_ms / 1000 << "," << absl::StrFormat("member-%02d", member) << ","
        << kOperations[random.Next() % std::size(kOperations)] << "," << bytes << ",provider-"
        << random.Next() % 3 << "\n";
  }
}

}  // namespace joulebook::metered_day
