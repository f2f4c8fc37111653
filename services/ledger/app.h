// The ledger's composition root: the one place where clocks, randomness, timers and connections are
// made.
#pragma once

namespace joulebook::ledger {

// Runs ledgerd with these arguments and the process's environment; the exit code.
int RunLedgerd(int argc, char** argv);

}  // namespace joulebook::ledger
