#include "services/ledger/app.h"

int main(int argc, char** argv) { return joulebook::ledger::RunLedgerd(argc, argv); }
