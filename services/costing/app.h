// Costing's composition root: the one place where clocks, randomness, timers and connections are
// made.
#pragma once

namespace joulebook::costing {

// Runs costingd with these arguments and the process's environment; the exit code.
int RunCostingd(int argc, char** argv);

}  // namespace joulebook::costing
