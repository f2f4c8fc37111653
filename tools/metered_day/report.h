// The report of a metered day for a person.
#pragma once

#include <string>

#include "tools/metered_day/books.h"
#include "tools/metered_day/day.h"

namespace joulebook::metered_day {

// Whether nothing came from nowhere and nothing is gone, to the micro-joule.
struct Conservation {
  Amounts members;        // of all members together
  int64_t available = 0;  // what their accounts hold free
  // The part that providers, creators, fund and sink hold, and the part that waits to be split.
  int64_t received = 0;

  bool members_hold() const {
    return members.granted + members.earned - members.spent - members.reserved == available;
  }
  bool payments_arrive() const { return received == members.spent; }
};
Conservation Conserve(const DayResult& day, const Books& books);

// Who did not spend what the price of their charged usage comes to when it is done again ("before"
// of the totals); empty when everybody did, to the micro-joule.
std::string PricedOtherwise(const DayResult& day, const Books& books,
                            const costing::v1::RerateResponse& totals);

std::string Report(const DayResult& day, const Books& books, std::size_t operations);

}  // namespace joulebook::metered_day
