// Metal orders passes (an encoder's work, a library's call) that touch the same bytes, except for untracked resources:
// on these, passes of a queue run at once unless a fence or an event orders them.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "runtime/metal/command.h"

namespace metalhost {

// What a fence stands for: passes that are done before a pass that waits for it begins.
struct FenceState {
  std::set<uint64_t> after;
};

class PassOrder {
 public:
  // Takes in the passes of a command buffer that is committed at this position of queue `queue`, of which the command
  // buffers up to `completed` are done. Returns what is wrong when two passes race.
  std::optional<std::string> enter(const std::vector<Command>& commands, uint64_t queue, uint64_t position,
                                   uint64_t completed);

 private:
  struct Touched {
    std::string command;
    Access access;
  };
  struct Pass {
    uint64_t id = 0;
    uint64_t encoder = 0;
    uint64_t position = 0;
    std::set<uint64_t> after;
    std::vector<Touched> untracked;
    std::vector<std::shared_ptr<FenceState>> updated;
  };
  Pass& pass_of(const Command& command, uint64_t position);
  void end_pass();
  std::optional<std::string> race(const Pass& pass, const Command& command) const;

  std::deque<Pass> recent_;
  bool pass_is_open_ = false;
  uint64_t last_id_ = 0;
  uint64_t ordered_up_to_ = 0;  // an event comes between these passes and the next
};

}  // namespace metalhost
