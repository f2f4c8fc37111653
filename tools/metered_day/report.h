// What a person wants to see of a metered day.
#pragma once

#include <string>

#include "tools/metered_day/books.h"
#include "tools/metered_day/day.h"

namespace joulebook::metered_day {

std::string Report(const DayResult& day, const Books& books, std::size_t operations);

}  // namespace joulebook::metered_day
