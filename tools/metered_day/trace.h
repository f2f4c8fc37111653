// Usage traces: what was metered, as lines of CSV.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "joulebook/type/v1/operation_type.pb.h"

namespace joulebook::metered_day {

// One metered operation.
struct Usage {
  std::string member;
  std::string provider;
  type::v1::OperationType operation = type::v1::OPERATION_TYPE_UNSPECIFIED;
  int64_t bytes = 0;
  int64_t duration_s = 0;  // of storage
  int32_t redundancy = 1;
  bool fails = false;  // it is reserved for, then released
};

// Reads either form, told apart by the header line:
//   time,member,operation,bytes,provider     operation as in OperationType, less its prefix
//   version,time,op,size,lbn                 block I/O: a write is BLOCK_STORE, a read
//   BLOCK_RETRIEVE;
//                                            member (lbn / 2^20) mod 64, provider lbn mod 8
// Stored blocks live 30 days with 3 copies; every 100th row fails. INVALID_ARGUMENT with the line.
absl::StatusOr<std::vector<Usage>> ReadTrace(std::istream& csv);

// The same, one after the other; the first error of `visit` ends it.
absl::Status VisitTrace(std::istream& csv, const std::function<absl::Status(Usage&)>& visit);

// Writes a trace of `rows` operations in the first form, the same for the same seed.
void GenerateTrace(uint64_t seed, int rows, std::ostream& csv);

}  // namespace joulebook::metered_day
