// The entitlements of members, in memory.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "services/costing/domain/entitlement.h"

namespace joulebook::costing {

// In shards that copies share until one of them is changed: a copy costs the same for a thousand
// members and for a million. A copy may be changed while others read the original.
class EntitlementMap {
 public:
  // Adds the entitlement, or puts it in the place of the one that has its id.
  void Put(const Entitlement& entitlement);
  // Those of the member, of all times; valid as long as the map is not changed.
  std::span<const Entitlement> Of(const Uuid& member) const;

 private:
  using Shard = std::map<Uuid, std::vector<Entitlement>>;

  std::array<std::shared_ptr<Shard>, 1'024> shards_;
};

}  // namespace joulebook::costing
