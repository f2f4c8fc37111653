// Programming errors end the process, in release builds too: a ledger that goes on with a broken
// invariant is worse than one that restarts.
#pragma once

#include <cstdio>
#include <cstdlib>

#define JB_CHECK(condition)                                                              \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
