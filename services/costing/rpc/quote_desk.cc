#include "services/costing/rpc/quote_desk.h"

#include <memory>
#include <utility>

#include "common/crypto/sha256.h"
#include "common/rpc/signed_quote.h"
#include "services/costing/domain/errors.h"
#include "services/costing/rpc/convert.h"
#include "services/costing/rpc/convert_quote.h"

namespace joulebook::costing {
namespace {

// A field of its own message's, which is looked at before the quote in it.
absl::Status CheckCount(std::string_view field, bool is_given, int64_t count) {
  if (is_given && count >= 0) return absl::OkStatus();
  return FieldInvalid(field, "must be given, 0 or more");
}

absl::Status CheckWanted(int64_t units) {
  if (units >= 1) return absl::OkStatus();
  return FieldInvalid("wanted_units", "must be above 0");
}

}  // namespace

QuoteDesk::QuoteDesk(const Quoter& quoter, QuoteSigner& signer, std::vector<NoteVerifier> own_keys,
                     CostingMetrics& metrics)
    : quoter_(quoter),
      signer_(signer),
      own_quotes_(kQuoteContext, std::move(own_keys)),
      metrics_(metrics) {}

void QuoteDesk::Write(const QuoteDraft& draft, v1::Quote& quote) {
  WriteShort(draft, *quote.mutable_terms(), quote);
}

void QuoteDesk::WriteShort(const QuoteDraft& draft, type::v1::QuoteTerms& terms, v1::Quote& quote) {
  ToProto(draft.terms, terms);
  terms.SerializeToString(quote.mutable_signed_quote()->mutable_terms());
  if (draft.bill.has_value()) ToProto(*draft.bill, *quote.mutable_bill());
}

void QuoteDesk::Finish(const absl::Status& status, std::vector<v1::Quote*> quotes,
                       const Done& done) {
  if (!status.ok()) {
    metrics_.quotes_refused.Increment();
    done(status);
    return;
  }
  if (quotes.empty()) {
    done(status);
    return;
  }
  metrics_.quotes_given.Increment(static_cast<double>(quotes.size()));
  std::vector<Sha256Digest> leaves;
  leaves.reserve(quotes.size());
  for (const v1::Quote* quote : quotes) {
    leaves.push_back(BatchLeaf(kQuoteContext, quote->signed_quote().terms()));
  }
  signer_.Sign(std::move(leaves),
               [quotes = std::move(quotes), done](std::span<const BatchProof> proofs) {
                 for (std::size_t i = 0; i < quotes.size(); ++i) {
                   SetProof(proofs[i], *quotes[i]->mutable_signed_quote());
                 }
                 done(absl::OkStatus());
               });
}

absl::StatusOr<QuoteDraft> QuoteDesk::QuoteItemOf(const v1::QuoteItem& item) const {
  JB_ASSIGN_OR_RETURN(const auto parsed, FromProto(item));
  return quoter_.Quote(parsed);
}

absl::StatusOr<OwnQuote> QuoteDesk::OpenOwn(const type::v1::SignedQuote& quote) {
  const auto proof = ProofOf(quote);
  type::v1::QuoteTerms terms;
  if (!proof.has_value() || !own_quotes_.Verify(quote.terms(), *proof) ||
      !terms.ParseFromString(quote.terms())) {
    return QuoteInvalid("is not one of this service's, or was altered");
  }
  OwnQuote own{.digest = Sha256(quote.terms())};
  JB_ASSIGN_OR_RETURN(own.terms, FromProto(terms));
  return own;
}

void QuoteDesk::Quote(const v1::QuoteRequest& request, v1::QuoteResponse& response,
                      const Done& done) {
  const auto draft = QuoteItemOf(request.item());
  if (draft.ok()) Write(*draft, *response.mutable_quote());
  Finish(draft.status(), {response.mutable_quote()}, done);
}

void QuoteDesk::QuoteAll(const QuoteItems& items, QuoteResults& results, const Done& done) {
  std::vector<v1::Quote*> quotes;
  quotes.reserve(static_cast<std::size_t>(items.size()));
  results.Reserve(items.size());
  type::v1::QuoteTerms terms;  // one for all, so that its memory is used again
  for (const v1::QuoteItem& item : items) {
    v1::QuoteResult& result = *results.Add();
    const auto draft = QuoteItemOf(item);
    if (draft.ok()) {
      terms.Clear();
      WriteShort(*draft, terms, *result.mutable_quote());
      quotes.push_back(result.mutable_quote());
    } else {
      ToProto(draft.status(), *result.mutable_error());
      metrics_.quotes_refused.Increment();
    }
  }
  Finish(absl::OkStatus(), std::move(quotes), done);
}

void QuoteDesk::Settle(const v1::SettleQuoteRequest& request, v1::SettleQuoteResponse& response,
                       const Done& done) {
  const auto draft = [&]() -> absl::StatusOr<QuoteDraft> {
    JB_RETURN_IF_ERROR(
        CheckCount("found_results", request.has_found_results(), request.found_results()));
    JB_ASSIGN_OR_RETURN(const OwnQuote quoted, OpenOwn(request.quote()));
    return quoter_.Settle(quoted, request.found_results());
  }();
  if (draft.ok()) Write(*draft, *response.mutable_quote());
  Finish(draft.status(), {response.mutable_quote()}, done);
}

void QuoteDesk::Authorize(const v1::AuthorizeRequest& request, v1::AuthorizeResponse& response,
                          const Done& done) {
  const auto authorized = [&]() -> absl::StatusOr<Quoter::Authorized> {
    JB_ASSIGN_OR_RETURN(const QuoteItem item, FromProto(request.item()));
    JB_RETURN_IF_ERROR(CheckCount("available_microjoules", request.has_available_microjoules(),
                                  request.available_microjoules()));
    return quoter_.Authorize(item, request.available_microjoules());
  }();
  std::vector<v1::Quote*> quotes;
  if (authorized.ok()) {
    response.set_units(authorized->affordable.units);
    response.set_next_total_microjoules(authorized->affordable.next_total);
    if (authorized->quote.has_value()) {
      Write(*authorized->quote, *response.mutable_quote());
      quotes.push_back(response.mutable_quote());
    }
  }
  Finish(authorized.status(), std::move(quotes), done);
}

absl::StatusOr<QuoteDraft> QuoteDesk::OpenSession(const v1::OpenSessionRequest& request) const {
  JB_ASSIGN_OR_RETURN(const Uuid session, ParseNewId("session_id", request.session_id()));
  JB_ASSIGN_OR_RETURN(const QuoteItem item, FromProto(request.item()));
  if (item.at.has_value()) {
    return FieldInvalid("item.usage.time", "must be absent: a session begins now");
  }
  JB_ASSIGN_OR_RETURN(const MeteredUnit unit, ParseUnit(request.unit()));
  JB_RETURN_IF_ERROR(CheckWanted(request.wanted_units()));
  v1::OpenSessionRequest opening = request;
  opening.clear_wanted_units();
  return quoter_.OpenSession(item, session, unit, request.wanted_units(),
                             Sha256(opening.SerializeAsString()));
}

void QuoteDesk::Open(const v1::OpenSessionRequest& request, v1::OpenSessionResponse& response,
                     const Done& done) {
  const auto draft = OpenSession(request);
  if (draft.ok()) Write(*draft, *response.mutable_grant());
  Finish(draft.status(), {response.mutable_grant()}, done);
}

void QuoteDesk::Update(const v1::UpdateSessionRequest& request, v1::UpdateSessionResponse& response,
                       const Done& done) {
  const auto update = [&]() -> absl::Status {
    JB_RETURN_IF_ERROR(CheckCount("used_units", request.has_used_units(), request.used_units()));
    JB_RETURN_IF_ERROR(CheckWanted(request.wanted_units()));
    JB_ASSIGN_OR_RETURN(const OwnQuote grant, OpenOwn(request.grant()));
    JB_ASSIGN_OR_RETURN(const auto settlement, quoter_.SettleGrant(grant, request.used_units()));
    JB_ASSIGN_OR_RETURN(const auto next,
                        quoter_.NextGrant(settlement.terms, request.wanted_units()));
    Write(settlement, *response.mutable_settlement());
    Write(next, *response.mutable_grant());
    return absl::OkStatus();
  };
  Finish(update(), {response.mutable_settlement(), response.mutable_grant()}, done);
}

void QuoteDesk::Close(const v1::CloseSessionRequest& request, v1::CloseSessionResponse& response,
                      const Done& done) {
  const auto draft = [&]() -> absl::StatusOr<QuoteDraft> {
    JB_RETURN_IF_ERROR(CheckCount("used_units", request.has_used_units(), request.used_units()));
    JB_ASSIGN_OR_RETURN(const OwnQuote grant, OpenOwn(request.grant()));
    return quoter_.SettleGrant(grant, request.used_units());
  }();
  if (draft.ok()) Write(*draft, *response.mutable_settlement());
  Finish(draft.status(), {response.mutable_settlement()}, done);
}

}  // namespace joulebook::costing
