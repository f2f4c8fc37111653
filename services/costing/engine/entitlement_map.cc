#include "services/costing/engine/entitlement_map.h"

#include <algorithm>

namespace joulebook::costing {
namespace {

// The last bytes of an id are random, whichever version it has.
std::size_t ShardOf(const Uuid& member, std::size_t shards) {
  return (std::size_t{member.bytes[14]} << 8 | member.bytes[15]) % shards;
}

}  // namespace

void EntitlementMap::Put(const Entitlement& entitlement) {
  std::shared_ptr<Shard>& shard = shards_[ShardOf(entitlement.member, shards_.size())];
  if (shard == nullptr) {
    shard = std::make_shared<Shard>();
  } else if (shard.use_count() > 1) {  // another copy has it
    shard = std::make_shared<Shard>(*shard);
  }
  std::vector<Entitlement>& of_member = (*shard)[entitlement.member];
  const auto same = std::find_if(of_member.begin(), of_member.end(),
                                 [&](const auto& other) { return other.id == entitlement.id; });
  if (same == of_member.end()) {
    of_member.push_back(entitlement);
  } else {
    *same = entitlement;
  }
}

std::span<const Entitlement> EntitlementMap::Of(const Uuid& member) const {
  const std::shared_ptr<Shard>& shard = shards_[ShardOf(member, shards_.size())];
  if (shard == nullptr) return {};
  const auto of_member = shard->find(member);
  if (of_member == shard->end()) return {};
  return of_member->second;
}

}  // namespace joulebook::costing
