#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace temper::bench {

/// Another program that runs the same cases, in a process of its own, so that both can be measured by turns. It reads a
/// JSON object a line and answers with one: {"prepare": case} -> {"ok": true} or {"skip": reason}; {"sample": calls} ->
/// {"seconds": of a call}; its first line is {"peer": name and version} or {"error": what is missing}.
/// tools/peers/ops_peer.py speaks this.
class Peer {
 public:
  /// Starts the command. Throws Error{unsupported} with what the peer says is missing, Error{io} when it can't run.
  explicit Peer(const std::vector<std::string>& command);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& name() const { return name_; }
  /// Empty when the peer can run the case; else why not.
  std::optional<std::string> prepare(const OrderedJson& peer_case);
  /// Seconds of a call of the prepared case.
  double sample(int calls);

 private:
  Json ask(const OrderedJson& question);
  Json answer();

  std::string name_, command_;
  int pid_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace temper::bench
