#include "runtime/metal/checked_run.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/checks/report.h"
#include "runtime/checks/symbolize.h"
#include "runtime/metal/concurrent_accesses.h"

namespace metalhost {
namespace {

using msl::AccessKind;
using msl::Finding;
using msl::Toucher;
using msl::Violation;

Rule rule_of(Violation violation) {
  switch (violation) {
    case Violation::bounds:
      return Rule::kernel_bounds;
    case Violation::alignment:
      return Rule::kernel_alignment;
    case Violation::undeclared_write:
      return Rule::undeclared_write;
    case Violation::unwritten:
      return Rule::unwritten_memory;
    case Violation::thread_race:
      return Rule::thread_race;
    case Violation::barrier_flags:
      return Rule::barrier_flags;
    case Violation::barrier_scope:
      return Rule::barrier_scope;
    case Violation::threadgroup_race:
      break;
  }
  return Rule::threadgroup_race;
}

std::string line_in_kernel(const void* site) {
  return site ? symbolize(const_cast<void*>(site)) : "an unknown line";
}

std::string who(const Toucher& by) {
  return fmt::format("thread {} of threadgroup ({}, {}, {})", by.thread, by.threadgroup[0], by.threadgroup[1],
                     by.threadgroup[2]);
}

std::string does(const Toucher& by) {
  std::string verb = writes(by.kind) ? "writes" : "reads";
  if (is_atomic(by.kind)) verb += " atomically";
  if (by.is_collective) verb += writes(by.kind) ? " by simdgroup_store" : " by simdgroup_load";
  return verb;
}

// A kernel's run, for the words of its reports.
class Wording {
 public:
  Wording(const std::string& kernel, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
          const msl::AccessChecker& checker)
      : kernel_(kernel), dispatch_(dispatch), blocks_(blocks), checker_(checker) {}

  void report(const Finding& found) const {
    report_from_outside(rule_of(found.violation), object(found), fmt::format("kernel '{}': {}", kernel_, detail(found)),
                        line_in_kernel(found.by.site));
  }

  // The binding that an address belongs to, or is nearest to; none: 31.
  std::size_t argument_at(const std::byte* address, const BoundBlock& block) const {
    std::size_t best = dispatch_.arguments.size();
    for (std::size_t i = 0; i < dispatch_.arguments.size(); ++i) {
      auto bytes = dispatch_.arguments[i];
      if (bytes.empty() || bytes.data() < block.bytes.data() ||
          bytes.data() >= block.bytes.data() + block.bytes.size()) {
        continue;
      }
      bool holds = address >= bytes.data() && address < bytes.data() + bytes.size();
      if (holds) return i;
      if (best == dispatch_.arguments.size()) best = i;
    }
    return best;
  }
  std::string name(std::size_t argument) const {
    return argument < dispatch_.names.size() ? dispatch_.names[argument] : fmt::format("buffer {}", argument);
  }

 private:
  bool is_block(int piece) const { return piece >= 0 && static_cast<std::size_t>(piece) < blocks_.size(); }
  const BoundBlock& block(int piece) const { return blocks_[static_cast<std::size_t>(piece)]; }
  std::size_t argument(const Finding& found) const {
    const BoundBlock& bound = block(found.piece);
    return argument_at(bound.bytes.data() + found.offset + found.first_bad, bound);
  }

  std::string object(const Finding& found) const {
    if (found.piece < 0) return fmt::format("kernel '{}'", kernel_);
    if (!is_block(found.piece)) return fmt::format("threadgroup memory '{}'", checker_.piece(found.piece).name);
    return name(argument(found));
  }

  // "bytes 4..8 of buffer 1"
  std::string place(const Finding& found) const {
    if (found.piece < 0) return fmt::format("{} bytes that belong to nothing it was given", found.bytes);
    int64_t begin = found.offset;
    std::string of = "it";
    if (is_block(found.piece)) {
      std::size_t index = argument(found);
      begin -= dispatch_.arguments[index].data() - block(found.piece).bytes.data();
      of = fmt::format("buffer {}", index);
    }
    return fmt::format("bytes {}..{} of {}", begin, begin + static_cast<int64_t>(found.bytes), of);
  }

  uint64_t bytes_of(const Finding& found) const {
    if (is_block(found.piece)) return dispatch_.arguments[argument(found)].size();
    return checker_.piece(found.piece).end - checker_.piece(found.piece).begin;
  }

  std::string detail(const Finding& found) const {
    std::string text = fmt::format("{} {} {}", who(found.by), does(found.by), place(found));
    if (found.earlier) {
      text += fmt::format("; {} {} them at {}; ", who(*found.earlier), does(*found.earlier),
                          line_in_kernel(found.earlier->site));
    }
    std::string flag = is_block(found.piece) ? "mem_device" : "mem_threadgroup";
    switch (found.violation) {
      case Violation::bounds:
        return found.piece < 0 ? text : text + fmt::format(", which has {}", bytes_of(found));
      case Violation::alignment:
        return text + fmt::format(", where {} bytes at once can't begin", found.bytes);
      case Violation::undeclared_write:
        return text + ", which is declared const or constant";
      case Violation::unwritten:
        return text + ", which no thread of the threadgroup has written";
      case Violation::thread_race:
        return text + fmt::format("no barrier orders the two: threadgroup_barrier(mem_flags::{})", flag);
      case Violation::barrier_flags:
        return text + fmt::format("the barrier between the two has no mem_flags::{}", flag);
      case Violation::barrier_scope:
        return text + "the simdgroup_barrier between the two orders threads of one SIMD-group: threadgroup_barrier";
      case Violation::threadgroup_race:
        break;
    }
    return text + "nothing orders threadgroups of one dispatch: use atomics, or two dispatches";
  }

  const std::string& kernel_;
  const Dispatch& dispatch_;
  std::span<const BoundBlock> blocks_;
  const msl::AccessChecker& checker_;
};

// Compares what the kernel touched with what was touched by dispatches that it isn't ordered after.
void check_concurrent(const std::string& kernel, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
                      const msl::AccessChecker& checker, const Wording& wording) {
  std::vector<TouchedRange> touched;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    auto base = reinterpret_cast<uintptr_t>(blocks[i].bytes.data());
    for (const auto& range : checker.touched(static_cast<int>(i)))
      touched.push_back({base + range.begin, base + range.end, range.kind, range.site});
  }
  ConcurrentDispatch& concurrent = *dispatch.concurrent;
  for (auto [begin, end] : concurrent.barriers) concurrent.accesses->order(begin, end);
  auto found = concurrent.accesses->add(kernel, std::move(touched));
  if (!found) return;
  auto* address = reinterpret_cast<std::byte*>(found->begin);
  for (const BoundBlock& block : blocks) {
    if (address < block.bytes.data() || address >= block.bytes.data() + block.bytes.size()) continue;
    std::size_t argument = wording.argument_at(address, block);
    auto begin = address - dispatch.arguments[argument].data();
    report_from_outside(
        Rule::missing_barrier, wording.name(argument),
        fmt::format("kernel '{}' {} bytes {}..{} of buffer {}; '{}' {} them at {}, in a concurrent encoder without a "
                    "memory barrier between them",
                    kernel, does({.kind = found->mine.kind}), begin,
                    begin + static_cast<std::ptrdiff_t>(found->end - found->begin), argument, found->kernel,
                    does({.kind = found->earlier.kind}), line_in_kernel(found->earlier.site)),
        line_in_kernel(found->mine.site));
    return;
  }
}

}  // namespace

void run_checked(const msl::Object& object, const msl::KernelEntry& kernel, const Dispatch& dispatch,
                 std::span<const BoundBlock> blocks, msl::Launch launch) {
  uint64_t bytes = 0;
  for (const BoundBlock& block : blocks) bytes += block.bytes.size();
  msl::AccessChecker checker(object.image(), bytes, blocks.size(), dispatch.concurrent != nullptr);
  std::vector<std::byte*> memory;
  for (const BoundBlock& block : blocks)
    memory.push_back(checker.memory(checker.add_argument(block.bytes, block.writes)));
  bind_buffers(launch, dispatch, blocks, memory);
  launch.checker = &checker;
  const std::string name = kernel.name;
  Wording wording(name, dispatch, blocks, checker);
  auto finish = [&] {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].writes) std::memcpy(blocks[i].bytes.data(), memory[i], blocks[i].bytes.size());
    }
    for (const Finding& found : checker.take_findings()) wording.report(found);
  };
  try {
    msl::run_threadgroups(kernel, launch);
  } catch (const msl::Divergence& divergence) {
    finish();
    report_from_outside(Rule::divergence, fmt::format("kernel '{}'", name), divergence.what(),
                        fmt::format("{}:{}", divergence.file.substr(divergence.file.rfind('/') + 1), divergence.line));
    throw;
  } catch (...) {
    finish();
    throw;
  }
  finish();
  if (dispatch.concurrent) check_concurrent(name, dispatch, blocks, checker, wording);
}

}  // namespace metalhost
