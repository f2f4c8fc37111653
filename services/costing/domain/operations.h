// The names of the operation types, by the numbers of joulebook.type.v1.OperationType.
#pragma once

#include <array>

namespace joulebook::costing {

inline constexpr std::array kOperationNames = {
    "",  // 0 is no operation
    "BLOCK_STORE",
    "BLOCK_RETRIEVE",
    "BLOCK_DELETE",
    "BLOCK_VERIFY",
    "CBL_CREATE",
    "CBL_RETRIEVE",
    "CBL_UPDATE",
    "WHITEN_BLOCK",
    "UNWHITEN_BLOCK",
    "ENCRYPT_BLOCK",
    "DECRYPT_BLOCK",
    "ENCRYPT_MULTI",
    "QUORUM_SEAL",
    "QUORUM_UNSEAL",
    "QUORUM_VOTE",
    "MESSAGE_SEND",
    "MESSAGE_FORWARD",
    "MESSAGE_BROADCAST",
    "RATE_CONTENT",
    "RATE_MEMBER",
    "PEER_DISCOVERY",
    "BLOCK_REPLICATION",
    "GOSSIP_PROPAGATION",
    "ENERGY_TRANSFER",
    "ENERGY_GRANT",
    "NODE_ANNOUNCEMENT",
    "NODE_UPDATE",
    "NODE_SEARCH",
    "BLOCK_SEARCH",
    "BLOCK_LOCATION_UPDATE",
    "BLOCK_TEMPERATURE_UPDATE",
    "METADATA_SYNC",
    "METADATA_QUERY",
    "LOCATION_BATCH_UPDATE",
    "TEMPERATURE_BATCH_UPDATE",
    "METADATA_BATCH_UPDATE",
    "CONTRACT_CREATE",
    "CONTRACT_EXTEND",
    "CONTRACT_AUTO_EXTEND",
    "CONTRACT_EXPIRE",
    "CONTRACT_VERIFY_PROVIDER",
};

}  // namespace joulebook::costing
