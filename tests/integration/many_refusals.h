// A book with many refusals in a row, as whoever may post can make one.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {

// SQL that repeats the book's last record, which is a refused transfer, `count` times over.
inline std::string RepeatLastRefusal(int count) {
  return absl::StrCat(R"(
INSERT INTO ledger.transfers
SELECT r.* FROM ledger.transfers t JOIN ledger.book b ON t.position = b.last_position,
  generate_series(1, )",
                      count, R"() n,
  jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'position', t.position + n,
                                              'recorded_us', t.recorded_us + n)) r
WHERE t.result <> 1;
UPDATE ledger.book SET last_position = last_position + )",
                      count, ", last_recorded_us = last_recorded_us + ", count);
}

}  // namespace joulebook::ledger
