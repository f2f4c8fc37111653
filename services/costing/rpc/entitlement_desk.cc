#include "services/costing/rpc/entitlement_desk.h"

#include <algorithm>

#include "common/rpc/timestamps.h"
#include "services/costing/domain/errors.h"
#include "services/costing/rpc/convert.h"
#include "services/costing/rpc/number_page.h"

namespace joulebook::costing {
namespace {

absl::StatusOr<Entitlement> FromProto(const v1::Entitlement& proto) {
  Entitlement entitlement;
  JB_ASSIGN_OR_RETURN(entitlement.id, ParseNewId("entitlement_id", proto.entitlement_id()));
  JB_ASSIGN_OR_RETURN(entitlement.member, ParseNewId("member_id", proto.member_id()));
  switch (proto.entitled_to_case()) {
    case v1::Entitlement::kDiscount:
      entitlement.kind = Entitlement::Kind::kDiscount;
      entitlement.name = proto.discount();
      break;
    case v1::Entitlement::kTariffName:
      entitlement.kind = Entitlement::Kind::kTariff;
      entitlement.name = proto.tariff_name();
      break;
    case v1::Entitlement::ENTITLED_TO_NOT_SET:
      return FieldInvalid("discount", "must be given, or tariff_name");
  }
  if (!proto.has_start_time()) return FieldInvalid("start_time", "must be given");
  JB_ASSIGN_OR_RETURN(entitlement.start, ParseTime("start_time", proto.start_time()));
  if (proto.has_end_time()) {
    JB_ASSIGN_OR_RETURN(entitlement.end, ParseTime("end_time", proto.end_time()));
    if (*entitlement.end <= entitlement.start) {
      return FieldInvalid("end_time", "must be after start_time, or absent");
    }
  }
  return entitlement;
}

void ToProto(const EntitlementRecord& record, v1::Entitlement& proto) {
  const Entitlement& entitlement = record.entitlement;
  proto.set_entitlement_id(entitlement.id.ToString());
  proto.set_member_id(entitlement.member.ToString());
  if (entitlement.kind == Entitlement::Kind::kDiscount) {
    proto.set_discount(entitlement.name);
  } else {
    proto.set_tariff_name(entitlement.name);
  }
  SetTimestamp(entitlement.start, *proto.mutable_start_time());
  if (entitlement.end.has_value()) SetTimestamp(*entitlement.end, *proto.mutable_end_time());
  proto.set_revoked(entitlement.is_revoked);
  SetTimestamp(record.recorded, *proto.mutable_recorded_time());
}

}  // namespace

// That a name that nothing has is no grant that never counts.
absl::Status EntitlementDesk::CheckName(const Entitlement& entitlement) const {
  JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
  const std::string& name = entitlement.name;
  if (entitlement.kind == Entitlement::Kind::kTariff) {
    if (name == own_tariff_) return FieldInvalid("tariff_name", "must not be everybody's tariff");
    return snapshot->FindVersion(name, 1).status();
  }
  const auto& all = snapshot->all();
  const bool is_known = std::any_of(all.begin(), all.end(), [&](const auto& live) {
    return live->tariff.discounts.contains(name);
  });
  return is_known ? absl::OkStatus() : FieldInvalid("discount", "must be in a published tariff");
}

absl::Status EntitlementDesk::Grant(const v1::GrantEntitlementRequest& request,
                                    v1::GrantEntitlementResponse& response, Duration left) {
  JB_ASSIGN_OR_RETURN(const Entitlement asked, FromProto(request.entitlement()));
  JB_RETURN_IF_ERROR(CheckName(asked));
  JB_ASSIGN_OR_RETURN(const auto granted,
                      store_.RecordEntitlement(asked.id, left, [&](const auto& of_id) {
                        return DecideGrant(asked, of_id, clock_.Now());
                      }));
  ToProto(granted.value, *response.mutable_entitlement());
  response.set_granted_now(granted.is_new);
  // So that whoever granted it has it here at once; a failure is noticed by the next refresh.
  static_cast<void>(book_.Refresh(left));
  return absl::OkStatus();
}

absl::Status EntitlementDesk::Revoke(const v1::RevokeEntitlementRequest& request,
                                     v1::RevokeEntitlementResponse& response, Duration left) {
  JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("entitlement_id", request.entitlement_id()));
  JB_ASSIGN_OR_RETURN(const auto revoked,
                      store_.RecordEntitlement(id, left, [&](const auto& of_id) {
                        return DecideRevocation(id, of_id, clock_.Now());
                      }));
  ToProto(revoked.value, *response.mutable_entitlement());
  response.set_revoked_now(revoked.is_new);
  static_cast<void>(book_.Refresh(left));
  return absl::OkStatus();
}

absl::Status EntitlementDesk::List(const v1::ListEntitlementsRequest& request,
                                   v1::ListEntitlementsResponse& response, Duration left) {
  std::optional<Uuid> member;
  if (!request.member_id().empty()) {
    JB_ASSIGN_OR_RETURN(member, ParseId("member_id", request.member_id()));
  }
  JB_ASSIGN_OR_RETURN(const NumberPage page, ParsePage(request));
  JB_ASSIGN_OR_RETURN(auto records, store_.EntitlementsAfter(page.after, member, page.limit, left));
  response.set_next_page_token(FillPage(
      records, page.limit, request,
      [](const EntitlementRecord& record) { return std::to_string(record.number); },
      [&response](const EntitlementRecord& record) -> const google::protobuf::Message& {
        auto& item = *response.add_entitlements();
        ToProto(record, item);
        return item;
      }));
  return absl::OkStatus();
}

}  // namespace joulebook::costing
