#include "tools/verify/verify.h"
