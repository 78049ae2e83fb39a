#include "runtime/metal/pass_order.h"

#include <fmt/format.h>

#include <algorithm>

namespace metalhost {

void PassOrder::end_pass() {
  if (!pass_is_open_) return;
  pass_is_open_ = false;
  Pass& pass = recent_.back();
  for (auto& fence : pass.updated) {
    fence->after = pass.after;
    fence->after.insert(pass.id);
  }
}

PassOrder::Pass& PassOrder::pass_of(const Command& command, uint64_t position) {
  if (pass_is_open_ && command.encoder != 0 && recent_.back().encoder == command.encoder) return recent_.back();
  end_pass();
  recent_.push_back({.id = ++last_id_,
                     .encoder = command.encoder,
                     .position = position,
                     .after = {},
                     .untracked = {},
                     .updated = {}});
  pass_is_open_ = true;
  return recent_.back();
}

std::optional<std::string> PassOrder::race(const Pass& pass, const Command& command) const {
  for (const Access& access : command.accesses) {
    if (access.tracked) continue;
    for (const Pass& earlier : recent_) {
      if (earlier.id <= ordered_up_to_ || earlier.id == pass.id || pass.after.contains(earlier.id)) continue;
      for (const Touched& touched : earlier.untracked) {
        if (!access.conflicts_with(touched.access)) continue;
        return fmt::format(
            "'{}' {} bytes {}..{} of {}, which is untracked, while '{}' of an earlier pass {} them: order the "
            "passes with a fence or an event",
            command.name, access.writes ? "writes" : "reads", access.begin, access.end, access.object, touched.command,
            touched.access.writes ? "writes" : "reads");
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> PassOrder::enter(const std::vector<Command>& commands, uint64_t queue, uint64_t position,
                                            uint64_t completed) {
  std::erase_if(recent_, [&](const Pass& pass) { return pass.position <= completed; });
  std::optional<std::string> found;
  for (const Command& command : commands) {
    if (command.kind == Command::Kind::signal) end_pass();
    if (command.kind == Command::Kind::wait) {
      end_pass();
      // Whoever signals came after the command buffers of this queue that its clock knows; if it isn't known who,
      // trust.
      auto order = command.timeline->order_at(command.value);
      uint64_t known = order ? (*order)[queue] : position;
      for (const Pass& pass : recent_) {
        if (pass.position <= known) ordered_up_to_ = std::max(ordered_up_to_, pass.id);
      }
    }
    if (command.kind == Command::Kind::wait_fence)
      pass_of(command, position).after.merge(std::set(command.fence->after));
    if (command.kind == Command::Kind::update_fence) pass_of(command, position).updated.push_back(command.fence);
    if (command.kind != Command::Kind::work) continue;
    Pass& pass = pass_of(command, position);
    if (!found) found = race(pass, command);
    for (const Access& access : command.accesses) {
      if (!access.tracked) pass.untracked.push_back({command.name, access});
    }
  }
  end_pass();
  return found;
}

}  // namespace metalhost
