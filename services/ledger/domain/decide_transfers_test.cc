// Runs tests/testdata/ledger/transfers.txt. The words of a scenario:
//
//   scenario TITLE                   a new book: an issuer of J, an issuer `kwh` of KWH
//   member NAME [key]
//   account NAME [asset=J] [owner=M] [role=provider|escrow|fees|external] [sign] [lower=0|none]
//           [upper=N]
//   KIND ID DEBIT CREDIT AMOUNT OPTIONS... -> RESULT     KIND: post reserve charge release reverse
//       items of one request are separated by ;          or kindN for the enum number N
//       OPTIONS asset= target= upto keep linked op= ttl= ref= block= size= duration= copies= meta=
//               effective= have= dversion= cversion= signature= signed; *N is N times the letter x
//               once=NAME, or once=*N
//               quote=NAME,MEMBER,TOTAL,uses:N,op:N,rep:N,in:MS,ttl:MS,settles:NAME,after:NAME,
//               size:N,duration:N,copies:N,settle,unsigned,account:NAME,provider:NAME (from uses on
//               all optional; without account and provider any escrow account is the payee),
//               quote=! for one that is none
//       ids are names; - is none, !TEXT is that text as it is
//       RESULT is CODE, or CODE:NAME where the transfer NAME has the once key
//   state NAME open|frozen|closed      advance MS      sweep N (holds expected to expire)
//   expect NAME posted= reserved= pending= granted= earned= spent=

#include "services/ledger/domain/decide_transfers.h"

#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/crypto/ed25519.h"
#include "common/testing/matchers.h"
#include "joulebook/ledger/v1/transfer.pb.h"
#include "services/ledger/domain/canonical.h"

namespace joulebook::ledger {
namespace {

int64_t Number(std::string_view text) {
  int64_t value = 0;
  EXPECT_TRUE(absl::SimpleAtoi(ToAbsl(text), &value)) << text;
  return value;
}

Uuid IdOf(std::string_view name) {
  if (name == "issuer") return kJouleIssuerId;
  Uuid id;
  id.bytes[0] = 1;
  for (std::size_t i = 0; i < name.size(); ++i) id.bytes[i + 1] = static_cast<uint8_t>(name[i]);
  return id;
}

std::string IdText(const std::string& name) {
  if (name == "-") return "";
  if (name.starts_with('!')) return name.substr(1);
  return IdOf(name).ToString();
}

std::string KeyOf(const std::string& name) {
  const OnceKey key = IdOf(name);
  return {key.bytes.begin(), key.bytes.end()};
}

std::string TextOf(const std::string& word) {
  return word.starts_with('*') ? std::string(static_cast<std::size_t>(Number(word.substr(1))), 'x')
                               : word;
}

// A draft that owns its texts.
struct OwnedDraft {
  std::string id, target, debit, credit, asset = "J", reference, block, signature, once_key;
  TransferDraft draft;
  bool is_signed = false;

  const TransferDraft& Get() {
    draft.id = id;
    draft.target = target;
    draft.debit = debit;
    draft.credit = credit;
    draft.asset = asset;
    draft.reference = reference;
    draft.block_id = block;
    draft.signature = signature;
    draft.once_key = once_key;
    return draft;
  }
};

class Scenario {
 public:
  explicit Scenario(int line) : line_(line) {
    view_.now = Time(std::chrono::seconds(1'800'000'000));
    AddAccount({"account", "issuer", "lower=none"}).role = AccountRole::kIssuer;
    AddAccount({"account", "kwh", "asset=KWH", "lower=none"}).role = AccountRole::kIssuer;
  }

  void Run(const std::vector<std::string>& words, int line) {
    line_ = line;
    const std::string& verb = words[0];
    if (verb == "member") {
      AddMember(words);
    } else if (verb == "account") {
      AddAccount(words);
    } else if (verb == "state") {
      view_.accounts.at(IdOf(words[1])).state = words[2] == "open"     ? AccountState::kOpen
                                                : words[2] == "frozen" ? AccountState::kFrozen
                                                                       : AccountState::kClosed;
    } else if (verb == "advance") {
      view_.now =
          std::max(view_.now, view_.last_recorded) + std::chrono::milliseconds(Number(words[1]));
    } else if (verb == "sweep") {
      Changes changes;
      EXPECT_EQ(*DecideExpiry([this] { return NextId(); }, view_, changes), Number(words[1]))
          << "line " << line_;
    } else if (verb == "expect") {
      Expect(words);
    } else {
      Transfer(words);
    }
  }

  const std::set<ResultCode>& seen() const { return seen_; }

 private:
  void AddMember(const std::vector<std::string>& words) {
    Member member;
    member.id = IdOf(words[1]);
    if (words.size() > 2) member.public_key = key_.public_key();
    view_.members[member.id] = member;
  }

  Account& AddAccount(const std::vector<std::string>& words) {
    Account account;
    account.id = IdOf(words[1]);
    account.asset = AssetCode("J");
    account.lower_limit = 0;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::vector<std::string> option = absl::StrSplit(words[i], '=');
      if (option[0] == "asset") account.asset = AssetCode(option[1]);
      if (option[0] == "owner") account.owner = IdOf(option[1]);
      if (option[0] == "role") account.role = RoleOf(option[1]);
      if (option[0] == "sign") account.requires_signature = true;
      if (option[0] == "lower") account.lower_limit.reset();
      if (option[0] == "lower" && option[1] != "none") account.lower_limit = Number(option[1]);
      if (option[0] == "upper") account.upper_limit = Number(option[1]);
    }
    return view_.accounts[account.id] = account;
  }

  static AccountRole RoleOf(const std::string& name) {
    return name == "provider"   ? AccountRole::kProvider
           : name == "escrow"   ? AccountRole::kEscrow
           : name == "external" ? AccountRole::kExternal
                                : AccountRole::kFees;
  }

  void Expect(const std::vector<std::string>& words) {
    const Balances& balances = view_.accounts.at(IdOf(words[1])).balances;
    const std::map<std::string, int64_t> actual = {
        {"posted", balances.posted},   {"reserved", balances.reserved},
        {"pending", balances.pending}, {"granted", balances.granted},
        {"earned", balances.earned},   {"spent", balances.spent}};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::vector<std::string> option = absl::StrSplit(words[i], '=');
      EXPECT_EQ(actual.at(option[0]), Number(option[1]))
          << "line " << line_ << " " << words[1] << " " << option[0];
    }
  }

  void Transfer(const std::vector<std::string>& words) {
    const auto arrow = std::find(words.begin(), words.end(), "->");
    ASSERT_NE(arrow, words.end()) << "line " << line_;
    std::vector<OwnedDraft> drafts;
    std::vector<std::string> item;
    for (auto word = words.begin(); word != arrow; ++word) {
      if (*word == ";") {
        drafts.push_back(MakeDraft(item));
        item.clear();
      } else {
        item.push_back(*word);
      }
    }
    drafts.push_back(MakeDraft(item));
    Submit(drafts, {arrow + 1, words.end()});
  }

  OwnedDraft MakeDraft(const std::vector<std::string>& words) {
    static const std::map<std::string, int> kKinds = {
        {"post", 1}, {"reserve", 2}, {"charge", 3}, {"release", 4}, {"reverse", 5}};
    OwnedDraft owned;
    TransferDraft& draft = owned.draft;
    draft.kind = words[0].starts_with("kind") ? static_cast<int>(Number(words[0].substr(4)))
                                              : kKinds.at(words[0]);
    const bool has_target = draft.kind >= 3;
    owned.id = IdText(words[1]);
    owned.debit = IdText(words[2]);
    owned.credit = IdText(words[3]);
    draft.amount = Number(words[4]);
    draft.operation = has_target ? 0 : 1;
    if (has_target) owned.asset.clear();
    for (std::size_t i = 5; i < words.size(); ++i) SetOption(words[i], owned);
    return owned;
  }

  void SetOption(const std::string& word, OwnedDraft& owned) {
    TransferDraft& draft = owned.draft;
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "asset") owned.asset = value;
    if (name == "target") owned.target = IdText(value);
    if (name == "upto") draft.up_to = true;
    if (name == "keep") draft.keep_rest = true;
    if (name == "linked") draft.linked = true;
    if (name == "writer") draft.may_issue = false;
    if (name == "op") draft.operation = static_cast<int>(Number(value));
    if (name == "ttl") draft.hold_ttl_ms = Number(value);
    if (name == "ref") owned.reference = TextOf(value);
    if (name == "block") owned.block = TextOf(value);
    if (name == "size") draft.data_size_bytes = Number(value);
    if (name == "duration") draft.duration_s = Number(value);
    if (name == "copies") draft.redundancy = static_cast<int32_t>(Number(value));
    if (name == "meta") draft.metadata = {{"key", TextOf(value)}};
    if (name == "effective") draft.effective = {Number(value), 0};
    if (name == "have") draft.conditions.debit_available_at_least = Number(value);
    if (name == "dversion") draft.conditions.debit_version = Number(value);
    if (name == "cversion") draft.conditions.credit_version = Number(value);
    if (name == "signature") owned.signature = TextOf(value);
    if (name == "signed") owned.is_signed = true;
    if (name == "quote") SetQuote(value, draft);
    if (name == "once") owned.once_key = value.starts_with('*') ? TextOf(value) : KeyOf(value);
  }

  void SetQuote(const std::string& text, TransferDraft& draft) {
    draft.quote_token = TextOf(text);
    if (text.starts_with('!') || text.starts_with('*')) {
      if (text.starts_with('*')) draft.quote = Quote();
      return;
    }
    const std::vector<std::string> words = absl::StrSplit(text, ',');
    Quote quote{.id = IdOf(words[0]),
                .member = IdOf(words[1]),
                .payee = AccountRole::kEscrow,
                .operation = 1,
                .total = Number(words[2]),
                .expires = view_.now + std::chrono::seconds(10),
                .tariff_hash = std::string(32, 't'),
                .is_signed = true};
    for (std::size_t i = 3; i < words.size(); ++i) {
      SetQuoteOption(absl::StrSplit(words[i], ':'), quote);
    }
    draft.quote = quote;
  }

  void SetQuoteOption(const std::vector<std::string>& option, Quote& quote) const {
    const std::string& name = option[0];
    if (name == "settle") quote.priced.needs_settlement = true;
    if (name == "unsigned") quote.is_signed = false;
    if (option.size() < 2) return;
    const std::string& value = option[1];
    if (name == "settles") quote.settles = IdOf(value);
    if (name == "after") quote.previous_settlement = IdOf(value);
    if (name == "account") quote.payee = PayeeAccount{IdOf(value)};
    if (name == "provider") quote.payee = PayeeProvider{IdOf(value)};
    if (name == "uses") quote.uses = Number(value);
    if (name == "op") quote.operation = static_cast<int>(Number(value));
    if (name == "rep") quote.reputation_ppm = static_cast<int32_t>(Number(value));
    if (name == "ttl") quote.expires = view_.now + std::chrono::milliseconds(Number(value));
    if (name == "in") quote.starts = view_.now + std::chrono::milliseconds(Number(value));
    if (name == "size") quote.priced.data_size_bytes = Number(value);
    if (name == "duration") quote.priced.duration_s = Number(value);
    if (name == "copies") quote.priced.redundancy = static_cast<int32_t>(Number(value));
  }

  void Submit(std::vector<OwnedDraft>& owned, const std::vector<std::string>& expected) {
    std::vector<TransferDraft> drafts;
    for (OwnedDraft& draft : owned) {
      if (draft.is_signed) {
        TransferRequest request;
        EXPECT_EQ(ParseTransfer(draft.Get(), request), ResultCode::kOk);
        draft.signature = key_.Sign(CanonicalBytes(request));
      }
      drafts.push_back(draft.Get());
    }
    const auto before = view_.last_recorded;
    Changes changes;
    const auto outcomes = DecideTransfers(ParseBatch(drafts), VerifyEd25519, view_, changes);
    ASSERT_EQ(outcomes.size(), expected.size()) << "line " << line_;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const std::vector<std::string> code_and_holder = absl::StrSplit(expected[i], ':');
      EXPECT_EQ(v1::TransferResultCode_Name(static_cast<int>(outcomes[i].code)),
                "TRANSFER_RESULT_CODE_" + code_and_holder[0])
          << "line " << line_;
      seen_.insert(outcomes[i].code);
      CheckHolder(outcomes[i], code_and_holder);
    }
    CheckInvariants(changes, before);
  }

  void CheckHolder(const TransferOutcome& outcome,
                   const std::vector<std::string>& code_and_holder) {
    ASSERT_EQ(outcome.done_by.has_value(), code_and_holder.size() == 2) << "line " << line_;
    if (!outcome.done_by.has_value()) return;
    EXPECT_EQ(*outcome.done_by, IdOf(code_and_holder[1])) << "line " << line_;
    const TransferRecord& holder = view_.transfers.at(*outcome.done_by);
    EXPECT_EQ(outcome.position, holder.position) << "line " << line_;
    EXPECT_EQ(outcome.moved, holder.moved) << "line " << line_;
  }

  void CheckInvariants(const Changes& changes, Time before) {
    for (const TransferRecord& record : changes.transfers) {
      EXPECT_GT(record.recorded, before) << "line " << line_;
      before = record.recorded;
      EXPECT_GT(record.position, last_position_) << "line " << line_;
      last_position_ = record.position;
    }
    std::map<AssetCode, __int128> sums;
    for (const auto& [id, account] : view_.accounts) {
      const Balances& b = account.balances;
      EXPECT_EQ(b.posted, b.granted + b.earned - b.spent) << "line " << line_;
      sums[account.asset] += b.posted;
    }
    for (const auto& [asset, sum] : sums) EXPECT_TRUE(sum == 0) << "line " << line_;
  }

  Uuid NextId() {
    Uuid id;
    id.bytes[0] = 2;
    id.bytes[15] = ++next_id_;
    return id;
  }

  int line_;
  int64_t last_position_ = 0;
  uint8_t next_id_ = 0;
  const Ed25519PrivateKey key_ = *Ed25519PrivateKey::FromSeed(std::string(32, 'k'));
  BookView view_;
  std::set<ResultCode> seen_;
};

TEST(DecideTransfers, FollowsEveryScenarioAndSeesEveryResultCode) {
  std::ifstream file(JOULEBOOK_SOURCE_DIR "/tests/testdata/ledger/transfers.txt");
  ASSERT_TRUE(file.good());
  std::unique_ptr<Scenario> scenario;
  std::set<ResultCode> seen;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    if (text.empty() || text.starts_with('#')) continue;
    const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
    if (words[0] == "scenario") {
      scenario = std::make_unique<Scenario>(line);
    } else {
      scenario->Run(words, line);
      seen.insert(scenario->seen().begin(), scenario->seen().end());
    }
  }
  for (int code = 1; code <= kMaxResultCode; ++code) {
    EXPECT_TRUE(seen.contains(static_cast<ResultCode>(code)))
        << "no scenario expects " << v1::TransferResultCode_Name(code);
  }
}

TEST(ResultCodes, AreTheSameInProtoAndDomain) {
  EXPECT_EQ(v1::TransferResultCode_MAX, kMaxResultCode);
  EXPECT_EQ(v1::TRANSFER_RESULT_CODE_LINKED_EVENT_FAILED,
            static_cast<int>(ResultCode::kLinkedEventFailed));
  EXPECT_EQ(v1::TRANSFER_RESULT_CODE_BALANCE_OVERFLOWS,
            static_cast<int>(ResultCode::kBalanceOverflows));
}

TEST(DecideTransfers, ClockOfTheBookNeverGoesBack) {
  BookView view;
  view.now = Time(std::chrono::seconds(10));
  view.last_recorded = Time(std::chrono::seconds(20));
  EXPECT_EQ(view.NextRecorded(), Time(std::chrono::seconds(20)) + Duration(1));
  EXPECT_EQ(view.NextRecorded(), Time(std::chrono::seconds(20)) + Duration(2));
}

// A view of two revisions: it has the hold, its accounts are as they were before.
TEST(Contradiction, AHoldThatItsAccountsKnowNothingOfChangesNothingThatIsPossible) {
  BookView view;
  const Uuid debit{{1}}, credit{{2}}, hold{{3}};
  view.accounts[debit].id = debit;
  view.accounts[credit].id = credit;
  view.holds[hold] = {.id = hold, .debit = debit, .credit = credit, .amount = 5, .remaining = 5};
  view.now = view.holds[hold].expires;
  const auto next_id = [] { return Uuid{{4}}; };

  Changes changes;
  ASSERT_THAT(DecideExpiry(next_id, view, changes), IsOk());
  EXPECT_FALSE(changes.IsPossible());

  view.holds[hold].state = HoldState::kOpen;
  view.accounts.erase(credit);
  EXPECT_EQ(DecideExpiry(next_id, view, changes).status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace joulebook::ledger
