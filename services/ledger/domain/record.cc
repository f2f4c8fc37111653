#include "services/ledger/domain/record.h"

#include <array>

#include "services/ledger/domain/canonical_io.h"

namespace joulebook::ledger {
namespace {

// By RecordKind, less 1.
constexpr std::array<std::string_view, std::variant_size_v<RecordContent>> kPrefixes = {
    "joulebook.ledger.v1.Member", "joulebook.ledger.v1.Account", "joulebook.ledger.v1.AccountState",
    "joulebook.ledger.v1.ReputationChange"};

void Write(const Member& member, CanonicalWriter& writer) {
  writer.Id(member.id);
  writer.Text(member.public_key);
  writer.Text(member.display_name);
  writer.Id(member.trial_transfer);
  writer.Int64(member.number);
  writer.Instant(member.registered);
}

Member ReadMember(CanonicalReader& reader) {
  Member member;
  member.id = reader.Id();
  member.public_key = reader.Text();
  member.display_name = reader.Text();
  member.trial_transfer = reader.Id();
  member.number = reader.Int64();
  member.registered = reader.Instant();
  return member;
}

void Write(const Account& account, CanonicalWriter& writer) {
  writer.Id(account.id);
  writer.OptionalId(account.owner);
  writer.Text(account.asset.view());
  writer.Byte(static_cast<uint8_t>(account.role));
  writer.OptionalInt64(account.lower_limit);
  writer.OptionalInt64(account.upper_limit);
  writer.Byte(account.requires_signature);
  writer.Entries(account.metadata);
  writer.Instant(account.opened);
}

Account ReadAccount(CanonicalReader& reader) {
  Account account;
  account.id = reader.Id();
  account.owner = reader.OptionalId();
  account.asset = AssetCode(reader.Text());
  account.role = static_cast<AccountRole>(reader.Byte());
  account.lower_limit = reader.OptionalInt64();
  account.upper_limit = reader.OptionalInt64();
  account.requires_signature = reader.Byte() != 0;
  account.metadata = reader.Entries();
  account.opened = reader.Instant();
  return account;
}

void Write(const AccountStateChange& change, CanonicalWriter& writer) {
  writer.Id(change.account);
  writer.Byte(static_cast<uint8_t>(change.state));
}

AccountStateChange ReadStateChange(CanonicalReader& reader) {
  AccountStateChange change;
  change.account = reader.Id();
  change.state = static_cast<AccountState>(reader.Byte());
  return change;
}

void Write(const ReputationChange& change, CanonicalWriter& writer) {
  const ReputationCommand& command = change.command;
  writer.Id(command.id);
  writer.Id(command.member);
  writer.Int64(change.sequence);
  writer.Instant(change.recorded);
  writer.Byte(static_cast<uint8_t>(command.cause));
  for (const auto& value : {command.quality_ppm, command.contribution_ppm, command.behavior_ppm,
                            command.social_ppm, command.violation_severity_ppm}) {
    writer.OptionalInt64(value);
  }
  writer.Text(command.note);
  const Reputation& after = change.after;
  for (const int64_t value :
       {int64_t{after.overall_ppm}, int64_t{after.quality_ppm}, int64_t{after.contribution_ppm},
        int64_t{after.behavior_ppm}, int64_t{after.social_ppm}, int64_t{after.violations},
        after.severity_sum_ppm}) {
    writer.Int64(value);
  }
}

ReputationChange ReadReputationChange(CanonicalReader& reader) {
  ReputationChange change;
  ReputationCommand& command = change.command;
  command.id = reader.Id();
  command.member = reader.Id();
  change.sequence = reader.Int64();
  change.recorded = reader.Instant();
  command.cause = static_cast<ReputationCause>(reader.Byte());
  for (auto* value : {&command.quality_ppm, &command.contribution_ppm, &command.behavior_ppm,
                      &command.social_ppm, &command.violation_severity_ppm}) {
    if (const auto given = reader.OptionalInt64(); given.has_value()) {
      *value = static_cast<int32_t>(*given);
    }
  }
  command.note = reader.Text();
  Reputation& after = change.after;
  for (int32_t* value : {&after.overall_ppm, &after.quality_ppm, &after.contribution_ppm,
                         &after.behavior_ppm, &after.social_ppm, &after.violations}) {
    *value = static_cast<int32_t>(reader.Int64());
  }
  after.severity_sum_ppm = reader.Int64();
  after.changes = change.sequence;
  return change;
}

absl::StatusOr<RecordContent> ReadContent(std::string_view prefix, CanonicalReader& reader) {
  if (prefix == kPrefixes[0]) return ReadMember(reader);
  if (prefix == kPrefixes[1]) return ReadAccount(reader);
  if (prefix == kPrefixes[2]) return ReadStateChange(reader);
  if (prefix == kPrefixes[3]) return ReadReputationChange(reader);
  return absl::InvalidArgumentError("no kind of record begins like this");
}

struct Subject {
  const Uuid& operator()(const Member& member) const { return member.id; }
  const Uuid& operator()(const Account& account) const { return account.id; }
  const Uuid& operator()(const AccountStateChange& change) const { return change.account; }
  const Uuid& operator()(const ReputationChange& change) const { return change.command.member; }
};

}  // namespace

const Uuid& BookRecord::subject() const { return std::visit(Subject(), content); }

std::string CanonicalBytes(const BookRecord& record) {
  CanonicalWriter writer;
  writer.Text(kPrefixes[record.content.index()]);
  writer.Int64(record.position);
  writer.Instant(record.recorded);
  std::visit([&writer](const auto& content) { Write(content, writer); }, record.content);
  return writer.Take();
}

absl::StatusOr<BookRecord> ParseRecord(std::string_view bytes) {
  CanonicalReader reader(bytes);
  BookRecord record;
  const std::string_view prefix = reader.Text();
  record.position = reader.Int64();
  record.recorded = reader.Instant();
  JB_ASSIGN_OR_RETURN(record.content, ReadContent(prefix, reader));
  // A record that was read in another form than it is written in (a flag of 2, metadata out of
  // order) is not canonical.
  if (!reader.is_at_end() || CanonicalBytes(record) != bytes) {
    return absl::InvalidArgumentError("the record's content is not canonical");
  }
  return record;
}

}  // namespace joulebook::ledger
