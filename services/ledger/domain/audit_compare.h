// The first field in which two values differ, by name.
#pragma once

#include "services/ledger/domain/audit.h"

namespace joulebook::ledger {

// Each says "NAME should be EXPECTED and is FOUND", or only names what is too long to show.
Difference Compare(const Balances& expected, const Balances& found);
Difference Compare(const Member& expected, const Member& found);
Difference Compare(const Reputation& expected, const Reputation& found);
Difference Compare(const ReputationChange& expected, const ReputationChange& found);
// Less the balances.
Difference Compare(const Account& expected, const Account& found);
Difference Compare(const Hold& expected, const Hold& found);
Difference Compare(const BookHead& expected, const BookHead& found);

}  // namespace joulebook::ledger
