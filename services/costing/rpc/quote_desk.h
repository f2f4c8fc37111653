// Quotes on the wire: converts what is asked for, has it priced and signed, converts the answer.
#pragma once

#include <functional>

#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/engine/quote_signer.h"
#include "services/costing/engine/quoter.h"

namespace joulebook::costing {

using QuoteItems = google::protobuf::RepeatedPtrField<v1::QuoteItem>;
using QuoteResults = google::protobuf::RepeatedPtrField<v1::QuoteResult>;

// Thread-safe.
class QuoteDesk {
 public:
  using Done = std::function<void(const absl::Status&)>;

  // All must outlive the desk. `own_keys` are the public halves of the keys that sign, or did.
  QuoteDesk(const Quoter& quoter, QuoteSigner& signer, std::vector<NoteVerifier> own_keys,
            CostingMetrics& metrics);

  // Fill in the response and call `done`, maybe on another thread; the response lives until then.
  void Quote(const v1::QuoteRequest& request, v1::QuoteResponse& response, const Done& done);
  // Items of BatchQuote or StreamQuotes.
  void QuoteAll(const QuoteItems& items, QuoteResults& results, const Done& done);
  void Settle(const v1::SettleQuoteRequest& request, v1::SettleQuoteResponse& response,
              const Done& done);
  void Authorize(const v1::AuthorizeRequest& request, v1::AuthorizeResponse& response,
                 const Done& done);
  void Open(const v1::OpenSessionRequest& request, v1::OpenSessionResponse& response,
            const Done& done);
  void Update(const v1::UpdateSessionRequest& request, v1::UpdateSessionResponse& response,
              const Done& done);
  void Close(const v1::CloseSessionRequest& request, v1::CloseSessionResponse& response,
             const Done& done);

 private:
  absl::StatusOr<QuoteDraft> QuoteItemOf(const v1::QuoteItem& item) const;
  absl::StatusOr<OwnQuote> OpenOwn(const type::v1::SignedQuote& quote);
  absl::StatusOr<QuoteDraft> OpenSession(const v1::OpenSessionRequest& request) const;
  // Counts, and either reports the error or signs what is in `quotes`.
  void Finish(const absl::Status& status, std::vector<v1::Quote*> quotes, const Done& done);
  // Fills in all but the signature.
  static void Write(const QuoteDraft& draft, v1::Quote& quote);
  // The same without the terms beside the signed ones; they are left in `terms`.
  static void WriteShort(const QuoteDraft& draft, type::v1::QuoteTerms& terms, v1::Quote& quote);

  const Quoter& quoter_;
  QuoteSigner& signer_;
  BatchVerifier own_quotes_;
  CostingMetrics& metrics_;
};

}  // namespace joulebook::costing
