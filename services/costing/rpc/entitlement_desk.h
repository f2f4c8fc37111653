// Granting, revoking and listing what members are entitled to.
#pragma once

#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

// Thread-safe.
class EntitlementDesk {
 public:
  // All must outlive the desk; `own_tariff` is the one that needs no entitlement.
  EntitlementDesk(std::string own_tariff, Store& store, TariffBook& book, Clock& clock)
      : own_tariff_(std::move(own_tariff)), store_(store), book_(book), clock_(clock) {}

  // Errors: FIELD_INVALID, TARIFF_NOT_FOUND, ID_EXISTS_WITH_DIFFERENT_CONTENT, those of the store.
  absl::Status Grant(const v1::GrantEntitlementRequest& request,
                     v1::GrantEntitlementResponse& response, Duration left);
  // Errors: FIELD_INVALID, ENTITLEMENT_NOT_FOUND, those of the store.
  absl::Status Revoke(const v1::RevokeEntitlementRequest& request,
                      v1::RevokeEntitlementResponse& response, Duration left);
  // Errors: FIELD_INVALID, PAGE_TOKEN_INVALID, those of the store.
  absl::Status List(const v1::ListEntitlementsRequest& request,
                    v1::ListEntitlementsResponse& response, Duration left);

 private:
  absl::Status CheckName(const Entitlement& entitlement) const;

  const std::string own_tariff_;
  Store& store_;
  TariffBook& book_;
  Clock& clock_;
};

}  // namespace joulebook::costing
