#include "services/costing/app.h"

int main(int argc, char** argv) { return joulebook::costing::RunCostingd(argc, argv); }
