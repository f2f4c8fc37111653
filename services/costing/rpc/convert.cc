#include "services/costing/rpc/convert.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/fields.h"
#include "common/rpc/timestamps.h"
#include "services/costing/domain/errors.h"
#include "services/costing/rpc/convert_quote.h"

namespace joulebook::costing {

absl::StatusOr<Uuid> ParseId(std::string_view field, std::string_view text) {
  return ParseIdField(kErrorDomain, field, text);
}

absl::StatusOr<Uuid> ParseNewId(std::string_view field, std::string_view text) {
  return ParseNewIdField(kErrorDomain, field, text);
}

absl::StatusOr<Time> ParseTime(std::string_view field, const google::protobuf::Timestamp& time) {
  return ParseTimeField(kErrorDomain, field, time);
}

absl::StatusOr<Usage> FromRequest(const type::v1::Usage& proto) {
  if (!proto.has_reputation_ppm()) return FieldInvalid("reputation_ppm", "must be given");
  return FromProto(proto);
}

absl::StatusOr<QuoteItem> FromProto(const v1::QuoteItem& proto) {
  QuoteItem item;
  JB_ASSIGN_OR_RETURN(item.member, ParseNewId("member_id", proto.member_id()));
  JB_ASSIGN_OR_RETURN(item.usage, FromRequest(proto.usage()));
  if (proto.usage().has_time()) item.at = item.usage.at;
  item.tariff_name = proto.tariff_name();
  item.with_bill = !proto.without_bill();
  item.uses = proto.uses() == 0 ? 1 : proto.uses();
  if (item.uses < 1 || item.uses > kMaxUses) {
    return FieldInvalid("uses", absl::StrCat("must be 0 to ", kMaxUses));
  }
  if (!proto.provider_member_id().empty()) {
    JB_ASSIGN_OR_RETURN(item.provider,
                        ParseNewId("provider_member_id", proto.provider_member_id()));
  }
  return item;
}

absl::StatusOr<MeteredUnit> ParseUnit(type::v1::MeteredUnit unit) {
  if (!type::v1::MeteredUnit_IsValid(unit) || unit == type::v1::METERED_UNIT_UNSPECIFIED) {
    return FieldInvalid("unit", "must be a known unit");
  }
  return static_cast<MeteredUnit>(unit);
}

absl::StatusOr<int32_t> ParsePpm(std::string_view field, int32_t value) {
  if (value < 0 || value > 1'000'000) return FieldInvalid(field, "must be 0 to 1000000");
  return value;
}

absl::StatusOr<Challenge> FromProto(const v1::Challenge& proto) {
  Challenge challenge;
  JB_ASSIGN_OR_RETURN(challenge.member, ParseNewId("challenge.member_id", proto.member_id()));
  JB_ASSIGN_OR_RETURN(challenge.time, ParseTime("challenge.time", proto.time()));
  challenge.operation = proto.operation_type();
  challenge.tariff_hash = proto.tariff_hash();
  return challenge;
}

absl::StatusOr<EarningClaim> FromProto(const v1::Earning& proto) {
  EarningClaim claim;
  JB_ASSIGN_OR_RETURN(claim.id, ParseNewId("earning_id", proto.earning_id()));
  JB_ASSIGN_OR_RETURN(claim.provider, ParseNewId("provider_member_id", proto.provider_member_id()));
  if (!v1::EarningSource_IsValid(proto.source()) ||
      proto.source() == v1::EARNING_SOURCE_UNSPECIFIED) {
    return FieldInvalid("source", "must be a known source");
  }
  claim.source = static_cast<EarningSource>(proto.source() - 1);
  if (!proto.has_units()) return FieldInvalid("units", "must be given");
  if (!proto.has_first_factor_ppm()) return FieldInvalid("first_factor_ppm", "must be given");
  if (!proto.has_second_factor_ppm()) return FieldInvalid("second_factor_ppm", "must be given");
  if (!proto.resource_id().empty()) {
    JB_ASSIGN_OR_RETURN(claim.resource, ParseNewId("resource_id", proto.resource_id()));
  }
  claim.units = proto.units();
  claim.first_factor_ppm = proto.first_factor_ppm();
  claim.second_factor_ppm = proto.second_factor_ppm();
  JB_ASSIGN_OR_RETURN(claim.start, ParseTime("start_time", proto.start_time()));
  JB_ASSIGN_OR_RETURN(claim.end, ParseTime("end_time", proto.end_time()));
  return claim;
}

absl::StatusOr<EarningState> ParseState(v1::EarningState state) {
  if (!v1::EarningState_IsValid(state) || state == v1::EARNING_STATE_UNSPECIFIED) {
    return FieldInvalid("state", "must be a known state");
  }
  return static_cast<EarningState>(state);
}

absl::StatusOr<const LiveTariff*> SelectTariff(const TariffSnapshot& snapshot,
                                               const v1::TariffSelector& selector,
                                               const std::string& own_name, Time now) {
  const std::string& name = selector.name().empty() ? own_name : selector.name();
  if (!selector.hash().empty()) return snapshot.FindHash(selector.hash());
  if (selector.version() != 0) return snapshot.FindVersion(name, selector.version());
  if (selector.has_time()) {
    JB_ASSIGN_OR_RETURN(now, ParseTime("tariff.time", selector.time()));
  }
  return snapshot.InEffect(name, now);
}

void ToProto(const PublishedTariff& tariff, bool with_document, v1::Tariff& proto) {
  proto.set_hash(tariff.hash);
  proto.set_name(tariff.name);
  proto.set_version(tariff.version);
  SetTimestamp(tariff.effective, *proto.mutable_effective_time());
  SetTimestamp(tariff.published, *proto.mutable_published_time());
  proto.set_tzdata_version(tariff.tzdata_version);
  if (with_document) proto.set_document(tariff.document);
}

void ToProto(const PriceTotals& totals, v1::CostDocument& proto) {
  proto.set_computation_microjoules(totals.parts[0]);
  proto.set_storage_microjoules(totals.parts[1]);
  proto.set_network_microjoules(totals.parts[2]);
  proto.set_proof_of_work_microjoules(totals.parts[3]);
  proto.set_total_microjoules(totals.total);
}

PriceTotals FromProto(const v1::CostDocument& proto) {
  return {{proto.computation_microjoules(), proto.storage_microjoules(),
           proto.network_microjoules(), proto.proof_of_work_microjoules()},
          proto.total_microjoules()};
}

void ToProto(const CongestionPeriod& period, v1::CongestionPeriod& proto) {
  proto.set_tariff_name(period.tariff_name);
  proto.set_class_name(period.class_name);
  proto.set_period(period.period);
  proto.set_demand(period.demand);
  proto.set_next_factor_ppm(period.next_factor_ppm);
  proto.set_next_period(period.period + 2);
}

void ToProto(const Challenge& challenge, int32_t bits, v1::Challenge& proto) {
  proto.set_member_id(challenge.member.ToString());
  proto.set_operation_type(static_cast<type::v1::OperationType>(challenge.operation));
  SetTimestamp(challenge.time, *proto.mutable_time());
  proto.set_tariff_hash(challenge.tariff_hash);
  proto.set_bits(bits);
}

void ToProto(const Earning& earning, v1::Earning& proto) {
  const EarningClaim& claim = earning.claim;
  proto.set_earning_id(claim.id.ToString());
  proto.set_provider_member_id(claim.provider.ToString());
  proto.set_source(static_cast<v1::EarningSource>(static_cast<int>(claim.source) + 1));
  proto.set_units(claim.units);
  proto.set_first_factor_ppm(claim.first_factor_ppm);
  proto.set_second_factor_ppm(claim.second_factor_ppm);
  SetTimestamp(claim.start, *proto.mutable_start_time());
  SetTimestamp(claim.end, *proto.mutable_end_time());
  proto.set_amount_microjoules(earning.amount);
  proto.set_tariff_hash(earning.tariff_hash);
  proto.set_state(static_cast<v1::EarningState>(earning.state));
  if (!claim.resource.IsNil()) proto.set_resource_id(claim.resource.ToString());
}

void ToProto(const absl::Status& status, v1::ItemError& proto) {
  proto.set_message(std::string(status.message()));
  const auto info = GetErrorInfo(status);
  v1::ErrorReason reason = v1::ERROR_REASON_INTERNAL;
  if (info.has_value()) {
    v1::ErrorReason_Parse(absl::StrCat("ERROR_REASON_", info->reason), &reason);
    for (const auto& [key, value] : info->metadata) {
      v1::ErrorField& field = *proto.add_metadata();
      field.set_key(key);
      field.set_value(value);
    }
  }
  proto.set_reason(reason);
}

}  // namespace joulebook::costing
