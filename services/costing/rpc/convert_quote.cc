#include "services/costing/rpc/convert_quote.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/rpc/timestamps.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// The domain's enums begin with 0, the proto's have their "not given" there.
template <typename Enum>
absl::StatusOr<Enum> ParseChoice(std::string_view field, int value, int count, Enum otherwise) {
  if (value == 0) return otherwise;
  if (value < 0 || value > count) return FieldInvalid(field, "must be a known value");
  return static_cast<Enum>(value - 1);
}

template <typename Proto, typename Enum>
Proto ToChoice(Enum value) {
  return static_cast<Proto>(static_cast<int>(value) + 1);
}

absl::StatusOr<SessionSlice> ParseSlice(const type::v1::SessionSlice& proto) {
  const auto session = Uuid::Parse(proto.session_id());
  const bool is_whole = session.has_value() && type::v1::MeteredUnit_IsValid(proto.unit()) &&
                        proto.unit() != type::v1::METERED_UNIT_UNSPECIFIED &&
                        proto.request_number() >= 1 && proto.used_units() >= 0 &&
                        proto.slice_units() >= 0 &&
                        CheckedAdd(proto.used_units(), proto.slice_units()).ok();
  const auto previous = Uuid::Parse(proto.previous_settlement_id());
  const bool has_previous = !proto.previous_settlement_id().empty();
  if (!is_whole || previous.has_value() != has_previous) {
    return QuoteInvalid("has no valid session");
  }
  return SessionSlice{.session = *session,
                      .number = proto.request_number(),
                      .unit = static_cast<MeteredUnit>(proto.unit()),
                      .used_units = proto.used_units(),
                      .slice_units = proto.slice_units(),
                      .previous_settlement = previous};
}

absl::StatusOr<Payee> ParsePayee(const type::v1::Payee& proto) {
  const absl::Status invalid = QuoteInvalid("has no valid payee");
  if (proto.has_role()) {
    if (!type::v1::PayeeRole_IsValid(proto.role()) ||
        proto.role() == type::v1::PAYEE_ROLE_UNSPECIFIED) {
      return invalid;
    }
    return Payee{.role = static_cast<PayeeRole>(proto.role())};
  }
  const auto id =
      Uuid::Parse(proto.has_account_id() ? proto.account_id() : proto.provider_member_id());
  if (!id.has_value()) return invalid;
  return Payee{.kind = proto.has_account_id() ? Payee::Kind::kAccount : Payee::Kind::kProvider,
               .id = *id};
}

void ToProto(const Payee& payee, type::v1::Payee& proto) {
  switch (payee.kind) {
    case Payee::Kind::kRole:
      proto.set_role(static_cast<type::v1::PayeeRole>(payee.role));
      break;
    case Payee::Kind::kAccount:
      proto.set_account_id(payee.id.ToString());
      break;
    case Payee::Kind::kProvider:
      proto.set_provider_member_id(payee.id.ToString());
      break;
  }
}

}  // namespace

absl::StatusOr<Usage> FromProto(const type::v1::Usage& proto) {
  Usage usage;
  usage.operation = proto.operation_type();
  usage.count = proto.count() == 0 ? 1 : proto.count();
  usage.size_bytes = proto.data_size_bytes();
  usage.duration_s = proto.duration_s();
  usage.copies = proto.redundancy() == 0 ? 1 : proto.redundancy();
  usage.nodes = proto.nodes();
  usage.results = proto.results();
  usage.timeout_ms = proto.timeout_ms();
  usage.latency_ms = proto.latency_ms();
  usage.concurrent_searches = proto.concurrent_searches();
  usage.reputation_ppm = proto.reputation_ppm();
  usage.reliability_ppm = proto.reliability_ppm();
  if (proto.has_utility_ppm()) usage.utility_ppm = proto.utility_ppm();
  usage.discounts.assign(proto.discounts().begin(), proto.discounts().end());
  JB_ASSIGN_OR_RETURN(usage.durability, ParseChoice("durability", proto.durability(),
                                                    kDurabilityNames.size(), Durability::kWarm));
  JB_ASSIGN_OR_RETURN(usage.priority, ParseChoice("priority", proto.priority(),
                                                  kPriorityNames.size(), Priority::kNormal));
  JB_ASSIGN_OR_RETURN(usage.complexity, ParseChoice("complexity", proto.complexity(),
                                                    kComplexityNames.size(), Complexity::kSimple));
  if (proto.has_time()) {
    const auto at = ReadTimestamp(proto.time());
    if (!at.has_value()) {
      return FieldInvalid("time", "must be from 1970 to 9999, in whole microseconds");
    }
    usage.at = *at;
  }
  return usage;
}

void ToProto(const Usage& usage, type::v1::Usage& proto) {
  proto.set_operation_type(static_cast<type::v1::OperationType>(usage.operation));
  proto.set_count(usage.count);
  proto.set_data_size_bytes(usage.size_bytes);
  proto.set_duration_s(usage.duration_s);
  proto.set_redundancy(usage.copies);
  proto.set_durability(ToChoice<type::v1::Durability>(usage.durability));
  proto.set_nodes(usage.nodes);
  proto.set_results(usage.results);
  proto.set_timeout_ms(usage.timeout_ms);
  proto.set_latency_ms(usage.latency_ms);
  proto.set_concurrent_searches(usage.concurrent_searches);
  proto.set_priority(ToChoice<type::v1::Priority>(usage.priority));
  proto.set_complexity(ToChoice<type::v1::Complexity>(usage.complexity));
  proto.set_reputation_ppm(usage.reputation_ppm);
  proto.set_reliability_ppm(usage.reliability_ppm);
  if (usage.utility_ppm.has_value()) proto.set_utility_ppm(*usage.utility_ppm);
  for (const std::string& discount : usage.discounts) proto.add_discounts(discount);
  SetTimestamp(usage.at, *proto.mutable_time());
}

absl::StatusOr<QuoteTerms> FromProto(const type::v1::QuoteTerms& proto) {
  QuoteTerms terms;
  const auto id = Uuid::Parse(proto.quote_id());
  const auto member = Uuid::Parse(proto.member_id());
  const auto issued = ReadTimestamp(proto.issued_time());
  const auto expires = ReadTimestamp(proto.expire_time());
  terms.settles = Uuid::Parse(proto.settles_quote_id());
  if (!id.has_value() || !member.has_value() || !issued.has_value() || !expires.has_value() ||
      (!terms.settles.has_value() && !proto.settles_quote_id().empty())) {
    return QuoteInvalid("lacks an id or a time");
  }
  JB_ASSIGN_OR_RETURN(terms.usage, FromProto(proto.usage()));
  terms.id = *id;
  terms.member = *member;
  terms.usage.congestion_ppm = proto.congestion_ppm();
  terms.tariff_name = proto.tariff_name();
  terms.tariff_version = proto.tariff_version();
  terms.tariff_hash = proto.tariff_hash();
  terms.price = {{proto.computation_microjoules(), proto.storage_microjoules(),
                  proto.network_microjoules(), proto.proof_of_work_microjoules()},
                 proto.total_microjoules()};
  terms.issued = *issued;
  terms.expires = *expires;
  if (proto.has_session()) {
    JB_ASSIGN_OR_RETURN(terms.session, ParseSlice(proto.session()));
  }
  terms.uses = proto.uses() == 0 ? 1 : proto.uses();
  if (terms.uses < 1 || terms.uses > kMaxUses) return QuoteInvalid("has no valid number of uses");
  JB_ASSIGN_OR_RETURN(terms.payee, ParsePayee(proto.payee()));
  terms.needs_settlement = proto.needs_settlement();
  return terms;
}

void ToProto(const QuoteTerms& terms, type::v1::QuoteTerms& proto) {
  proto.set_quote_id(terms.id.ToString());
  proto.set_member_id(terms.member.ToString());
  ToProto(terms.usage, *proto.mutable_usage());
  proto.set_congestion_ppm(terms.usage.congestion_ppm);
  proto.set_tariff_name(terms.tariff_name);
  proto.set_tariff_version(terms.tariff_version);
  proto.set_tariff_hash(terms.tariff_hash);
  proto.set_computation_microjoules(terms.price.parts[0]);
  proto.set_storage_microjoules(terms.price.parts[1]);
  proto.set_network_microjoules(terms.price.parts[2]);
  proto.set_proof_of_work_microjoules(terms.price.parts[3]);
  proto.set_total_microjoules(terms.price.total);
  SetTimestamp(terms.issued, *proto.mutable_issued_time());
  SetTimestamp(terms.expires, *proto.mutable_expire_time());
  if (terms.settles.has_value()) proto.set_settles_quote_id(terms.settles->ToString());
  proto.set_uses(terms.uses);
  ToProto(terms.payee, *proto.mutable_payee());
  proto.set_needs_settlement(terms.needs_settlement);
  if (!terms.session.has_value()) return;
  type::v1::SessionSlice& slice = *proto.mutable_session();
  slice.set_session_id(terms.session->session.ToString());
  slice.set_request_number(terms.session->number);
  slice.set_unit(static_cast<type::v1::MeteredUnit>(terms.session->unit));
  slice.set_used_units(terms.session->used_units);
  slice.set_slice_units(terms.session->slice_units);
  if (terms.session->previous_settlement.has_value()) {
    slice.set_previous_settlement_id(terms.session->previous_settlement->ToString());
  }
}

void ToProto(const Bill& bill, v1::Bill& proto) {
  proto.mutable_steps()->Reserve(static_cast<int>(bill.steps.size()));
  for (const Step& step : bill.steps) {
    v1::BillStep& line = *proto.add_steps();
    line.set_kind(ToChoice<v1::StepKind>(step.kind));
    line.set_part(ToChoice<v1::Part>(step.part));
    line.set_name(step.name);
    if (step.kind == Step::Kind::kTerm) {
      line.set_quantity(step.quantity.ToString());
      line.set_amount(step.amount.ToString());
    }
    if (step.kind != Step::Kind::kTopUp) line.set_factor(step.factor.ToString());
    line.set_joules(step.joules.ToString());
  }
  for (const Rational& residue : bill.residues) proto.add_residues(residue.ToString());
}

}  // namespace joulebook::costing
