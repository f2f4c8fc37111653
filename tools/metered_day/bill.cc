#include "tools/metered_day/bill.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/crypto/sha256.h"
#include "common/money/decimal.h"
#include "services/costing/rpc/convert_quote.h"

namespace joulebook::metered_day {
namespace {

constexpr int kJouleScale = 6;

std::string Joules(int64_t microjoules) { return FormatDecimal(microjoules, kJouleScale); }

std::string PartName(costing::v1::Part part) {
  return absl::AsciiStrToLower(costing::v1::Part_Name(part).substr(sizeof("PART_") - 1));
}

std::string StepText(const costing::v1::BillStep& step) {
  switch (step.kind()) {
    case costing::v1::STEP_KIND_TERM: {
      const std::string text =
          absl::StrCat("+ ", step.quantity(), " at ", step.name(), " = ", step.amount());
      return step.factor() == "1" ? text : absl::StrCat(text, " x ", step.factor());
    }
    case costing::v1::STEP_KIND_FACTOR:
      return absl::StrCat("x ", step.factor(), " for ", step.name());
    default:
      return absl::StrCat("up to the ", step.name());
  }
}

}  // namespace

std::string BillText(const costing::v1::Quote& quote) {
  const type::v1::QuoteTerms& terms = quote.terms();
  std::string text = absl::StrFormat("\nbill of one %s: %d bytes, %d s, %d copies, reputation %s\n",
                                     type::v1::OperationType_Name(terms.usage().operation_type())
                                         .substr(sizeof("OPERATION_TYPE_") - 1),
                                     terms.usage().data_size_bytes(), terms.usage().duration_s(),
                                     terms.usage().redundancy(),
                                     FormatDecimal(terms.usage().reputation_ppm(), kJouleScale));
  for (const auto& step : quote.bill().steps()) {
    absl::StrAppendFormat(&text, "  %-14s %-58s = %s\n", PartName(step.part()), StepText(step),
                          step.joules());
  }
  const int64_t parts[] = {terms.computation_microjoules(), terms.storage_microjoules(),
                           terms.network_microjoules(), terms.proof_of_work_microjoules()};
  for (int part = 0; part < 4; ++part) {
    absl::StrAppendFormat(&text, "  %-14s %s J (rounding left %s micro-joules)\n",
                          PartName(static_cast<costing::v1::Part>(part + 1)), Joules(parts[part]),
                          quote.bill().residues(part));
  }
  absl::StrAppendFormat(&text, "  %-14s %s J by tariff %s:%d, %s\n", "total",
                        Joules(terms.total_microjoules()), terms.tariff_name(),
                        terms.tariff_version(), ToHex(terms.tariff_hash()));
  return text;
}

absl::StatusOr<std::string> RecomputeCharge(const DayResult& day, LedgerClient& ledger,
                                            CostingClient& costing) {
  JB_ASSIGN_OR_RETURN(const auto charge, ledger.GetTransfer(day.shown_charge_id));
  JB_ASSIGN_OR_RETURN(const auto reservation, ledger.GetTransfer(charge.request().target_id()));
  JB_ASSIGN_OR_RETURN(const costing::Tariff tariff, costing.GetTariff(charge.tariff_hash()));
  type::v1::QuoteTerms proto;
  if (!proto.ParseFromString(reservation.request().quote().terms())) {
    return absl::DataLossError("the reservation has no quote");
  }
  JB_ASSIGN_OR_RETURN(const costing::QuoteTerms terms, costing::FromProto(proto));
  JB_ASSIGN_OR_RETURN(const costing::PriceTotals price, costing::PriceAgain(tariff, terms));
  if (price != terms.price || price.total != charge.moved_minor() ||
      terms.tariff_hash != charge.tariff_hash()) {
    return absl::DataLossError(
        absl::StrCat("the charge ", charge.request().id(), " is not what its tariff says"));
  }
  return absl::StrCat("recomputed     charge ", charge.request().id(), " of ",
                      Joules(charge.moved_minor()),
                      " J, from the tariff with its hash: the same\n");
}

}  // namespace joulebook::metered_day
