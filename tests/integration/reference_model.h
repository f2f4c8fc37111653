// The documented semantics of transfers once more, written as simply as possible and sharing no
// code with the ledger: what the ledger is compared with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace joulebook::ledger {

// Ids are small numbers; times are milliseconds.
struct ModelRequest {
  int id = 0;
  std::string kind;
  int debit = -1;  // -1: not given
  int credit = -1;
  int target = -1;
  int64_t amount = 0;
  bool up_to = false, keep = false, linked = false;
  int64_t ttl = 0;
  std::string reference;
  std::optional<int64_t> if_available, if_debit_version, if_credit_version;
  std::string signature;  // "", "good" or "bad"
  int once = -1;          // a once key; -1: none
};

struct ModelBalances {
  int64_t posted = 0, reserved = 0, pending = 0, granted = 0, earned = 0, spent = 0, version = 0;
  bool operator==(const ModelBalances&) const = default;
};

struct ModelResult {
  std::string code;
  int64_t moved = 0;
  int64_t position = 0;
  ModelBalances debit, credit;
  int done_by = -1;  // who has the once key; position and moved are then that one's
};

class ReferenceModel {
 public:
  struct Account {
    bool is_issuer = false;
    bool needs_signature = false;
    std::optional<int64_t> lower, upper;
    std::string asset = "J";
    std::string state = "open";
    ModelBalances balances;
  };

  std::map<int, Account> accounts;
  int64_t now_ms = 0;

  std::vector<ModelResult> Post(const std::vector<ModelRequest>& requests);
  // How many holds expired.
  int Sweep();
  void SetState(int account, const std::string& state);

 private:
  struct Hold {
    int debit, credit;
    int64_t remaining, expires;
    std::string state = "open";
    int once = -1;
    bool was_charged = false;
  };
  struct OnceUse {
    ModelRequest first;  // that brought the key
    int holder = -1;
    bool is_done = false;
  };
  struct Seen {
    ModelRequest request;
    ModelResult result;
    int debit = -1, credit = -1;
    int64_t reversed = 0;
  };
  // The changes of a chain so far; merged when the whole chain is good.
  struct Draft {
    std::map<int, ModelBalances> balances;
    std::map<int, Hold> holds;
    std::map<int, int64_t> reversed;
    std::map<int, std::optional<OnceUse>> once;
  };

  void PostChain(const std::vector<ModelRequest>& chain, std::vector<ModelResult>& results);
  std::string Try(const ModelRequest& request, Draft& draft, Seen& seen);
  std::string FindParties(const ModelRequest& request, Draft& draft, Seen& seen);
  std::string CheckRules(const ModelRequest& request, Draft& draft, const Seen& seen);
  std::string FindAmount(const ModelRequest& request, Draft& draft, Seen& seen);
  std::optional<OnceUse> FindOnceUse(int key, const Draft& draft) const;
  std::string CheckOnce(const ModelRequest& request, const Draft& draft) const;
  void MoveOnce(const ModelRequest& request, Draft& draft);
  void NameHolder(const ModelRequest& request, ModelResult& result) const;
  void Move(const ModelRequest& request, Draft& draft, Seen& seen);
  ModelBalances& Balance(int account, Draft& draft);
  Hold* FindHold(int id, Draft& draft);

  std::map<int, Hold> holds_;
  std::map<int, std::optional<OnceUse>> once_;
  std::map<int, Seen> seen_;
  int64_t last_position_ = 0;  // of everything that is decided
};

}  // namespace joulebook::ledger
