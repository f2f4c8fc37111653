// A real ledgerd on a real database.
#pragma once

#include <memory>

#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"
#include "tests/integration/service_process.h"

namespace joulebook::ledger {

// A migrated book and its login; the service's connection string.
inline std::string PrepareBook(const std::string& superuser_connection) {
  return PrepareSchema("ledger", superuser_connection);
}

class LedgerProcess : public ServiceProcess {
 public:
  static absl::StatusOr<LedgerProcess> Start(const std::string& connection,
                                             const std::vector<std::string>& flags = {}) {
    JB_ASSIGN_OR_RETURN(ServiceProcess started,
                        ServiceProcess::Start("ledgerd", connection, flags));
    return LedgerProcess(std::move(started));
  }
  std::unique_ptr<v1::LedgerService::Stub> Stub(const ClientOptions& options = {}) const {
    return StubOf<v1::LedgerService>(options);
  }

 private:
  explicit LedgerProcess(ServiceProcess started) : ServiceProcess(std::move(started)) {}
};

}  // namespace joulebook::ledger
