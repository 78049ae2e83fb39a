#include "msl/runner/threadgroups.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>

#include "msl/config.h"
#include "msl/runner/fiber.h"
#if METALHOST_MSL_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if METALHOST_MSL_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if METALHOST_MSL_TSAN
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace metalhost::msl {
namespace {

// While one lives, allocation is no write to the memory in ThreadSanitizer's eyes.
struct UnseenAllocation {
#if METALHOST_MSL_TSAN
  UnseenAllocation() {
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~UnseenAllocation() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  }
#endif
};

constexpr uint32_t kSimdWidth = 32, kMaxThreads = 1024;
// The odd part keeps the stacks of different threads out of the same sets of the data cache.
constexpr std::size_t kStackBytes = METALHOST_MSL_ASAN ? 256 * 1024 : 64 * 1024 + 576;

enum class State : uint8_t { ready, at_simdgroup, at_barrier, done };

struct Thread {
  void* stack_state = nullptr;
  State state = State::ready;
  Site site{};
  ThreadContext context{};
  void* asan_stack = nullptr;
  void* tsan_fiber = nullptr;
};

// What the lanes of a SIMD-group meet in. Two halves: a fast lane may enter the next operation while slow ones still
// read the results of this one.
struct Simdgroup {
  uint32_t alive = 0, arrived = 0;
  bool needs_all = false;  // for what they arrive at
  uint64_t operations = 0;
  Site site{};
  std::optional<unsigned> barrier_flags;  // of a barrier in which lanes wait: what all of them name
  uint32_t mask[2]{};
  alignas(64) unsigned char slots[2][kSimdWidth * kSlotBytes];
  float matrices[2][kSimdWidth][6];
};

struct Stacks {
  std::byte* memory;
  Stacks() {
    void* mapped = mmap(nullptr, kStackBytes * kMaxThreads, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("no memory for the stacks of a threadgroup");
    memory = static_cast<std::byte*>(mapped);
  }
  ~Stacks() { munmap(memory, kStackBytes * kMaxThreads); }
  std::byte* of(uint32_t thread) const { return memory + kStackBytes * thread; }
};

class Group {
 public:
  Group(const KernelEntry& kernel, const Launch& launch, const Stacks& stacks)
      : kernel_(kernel), launch_(launch), checker_(launch.checker), random_(launch.seed), stacks_(stacks) {
    uint32_t count = launch.group_threads[0] * launch.group_threads[1] * launch.group_threads[2];
    threads_.resize(count);
    simdgroups_.resize((count + kSimdWidth - 1) / kSimdWidth);
    for (std::size_t i = 0; i < launch.threadgroup_bytes.size(); ++i) bound_.push_back(bound_memory(i));
    if (!checker_) return;
    checker_->ignore(stacks.of(0), kStackBytes * kMaxThreads);
    checker_->ignore(threads_.data(), threads_.size() * sizeof(Thread));
    checker_->ignore(simdgroups_.data(), simdgroups_.size() * sizeof(Simdgroup));
    checker_->ignore(&runtime_table(), sizeof(Runtime));
  }
  ~Group() { destroy_fibers(); }

  void run(std::array<uint32_t, 3> position, std::array<uint32_t, 3> size, const ThreadContext& base);
  // Whether the threadgroup did not run to its end.
  bool has_failed() const { return !failure_.empty(); }
  [[noreturn]] void throw_failure() const {
    if (diverged_at_) throw Divergence(failure_, *diverged_at_);
    throw std::runtime_error(failure_);
  }

  void threadgroup_barrier(unsigned flags, const Site& site);
  void simdgroup_barrier(unsigned flags, const Site& site);
  Exchange exchange(const void* value, unsigned bytes, const Site& site);
  void multiply_accumulate(const float* abc, float* d, const Site& site);
  unsigned lane() const { return current_ % kSimdWidth; }
  void* threadgroup_variable(int id, std::size_t bytes, const char* name);
  void access(const void* address, std::size_t bytes, std::size_t alignment, AccessKind kind, const void* site);
  void collective(bool begins) {
    if (checker_) checker_->set_collective(begins);
  }
  void thread_main();

 private:
  struct ThreadgroupMemory {
    std::unique_ptr<std::byte[]> own;  // null: of the checker
    std::byte* bytes = nullptr;
  };
  ThreadgroupMemory threadgroup_memory(int id, std::size_t bytes, const char* name) const;
  ThreadgroupMemory bound_memory(std::size_t index) const;
  Thread& current() { return threads_[current_]; }
  Simdgroup& simdgroup() { return simdgroups_[current_ / kSimdWidth]; }
  bool arrive(Simdgroup& group, const Site& site);
  void release(Simdgroup& group);
  int next_ready();
  void wait_for_others();
  void switch_to(uint32_t thread, bool dying);
  void switch_to_host(bool dying);
  // `text` makes the message. What is on this thread's stack stays there for ever, so it must own nothing.
  template <class Text>
  [[noreturn]] void fail(const Text& text, std::optional<Site> diverged_at = std::nullopt) {
    failure_ = text();
    diverged_at_ = diverged_at;
    switch_to_host(true);
    __builtin_trap();
  }
  [[noreturn]] void fail_stuck();
  void fail_unless_all(const Simdgroup& group);
  void set_current(uint32_t thread) {
    current_ = thread;
    if (checker_) checker_->set_thread(thread);
  }
  void destroy_fibers();

  const KernelEntry& kernel_;
  const Launch& launch_;
  AccessChecker* checker_;
  std::mt19937_64 random_;
  std::vector<Thread> threads_;
  std::vector<Simdgroup> simdgroups_;
  const Stacks& stacks_;
  uint32_t count_ = 0, current_ = 0, live_ = 0, at_barrier_ = 0;
  Site barrier_{};
  unsigned barrier_flags_ = 0;
  void* host_state_ = nullptr;
  [[maybe_unused]] void* host_tsan_ = nullptr;
  [[maybe_unused]] void* host_asan_ = nullptr;
  [[maybe_unused]] const void* host_stack_ = nullptr;
  [[maybe_unused]] std::size_t host_stack_bytes_ = 0;
  std::string failure_;
  std::optional<Site> diverged_at_;
  std::vector<ThreadgroupMemory> bound_;
  std::map<int, ThreadgroupMemory> variables_;
  uint64_t variable_bytes_ = 0;
};

thread_local Group* running = nullptr;

// Neither is seen by ThreadSanitizer, to which the runner is no thread of the kernel.
void fill_unseen(std::byte* memory, std::size_t bytes, uint8_t value) {
  auto* out = reinterpret_cast<volatile uint8_t*>(memory);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = value;
}
void copy_unseen(unsigned char* to, const void* from, std::size_t bytes) {
  auto* out = static_cast<volatile unsigned char*>(to);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<const unsigned char*>(from)[i];
}

std::string at(const Site& site) {
  return fmt::format("{}:{}: {}", site.file, site.line, site.what);
}

void entry() {
  running->thread_main();
  __builtin_trap();
}

void Group::destroy_fibers() {
#if METALHOST_MSL_TSAN
  for (Thread& thread : threads_) {
    if (thread.tsan_fiber) __tsan_destroy_fiber(thread.tsan_fiber);
    thread.tsan_fiber = nullptr;
  }
#endif
}

void Group::switch_to(uint32_t to, bool dying) {
  uint32_t from = current_;
  if (from == to) return;
  set_current(to);
#if METALHOST_MSL_TSAN
  __tsan_switch_to_fiber(threads_[to].tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
#if METALHOST_MSL_ASAN
  __sanitizer_start_switch_fiber(dying ? nullptr : &threads_[from].asan_stack, stacks_.of(to), kStackBytes);
#endif
  (void)dying;
  metalhost_switch_stack(&threads_[from].stack_state, threads_[to].stack_state);
#if METALHOST_MSL_ASAN
  __sanitizer_finish_switch_fiber(threads_[current_].asan_stack, nullptr, nullptr);
#endif
}

void Group::switch_to_host(bool dying) {
#if METALHOST_MSL_TSAN
  __tsan_switch_to_fiber(host_tsan_, __tsan_switch_to_fiber_no_sync);
#endif
#if METALHOST_MSL_ASAN
  __sanitizer_start_switch_fiber(dying ? nullptr : &current().asan_stack, host_stack_, host_stack_bytes_);
#endif
  (void)dying;
  metalhost_switch_stack(&current().stack_state, host_state_);
}

// The current SIMD-group goes on as long as it can; then the next in the schedule's order.
int Group::next_ready() {
  if (launch_.schedule == Schedule::random) {
    uint32_t start = static_cast<uint32_t>(random_() % count_);
    for (uint32_t i = 0; i < count_; ++i) {
      uint32_t thread = (start + i) % count_;
      if (threads_[thread].state == State::ready) return static_cast<int>(thread);
    }
    return -1;
  }
  bool reverse = launch_.schedule == Schedule::reverse;
  uint32_t first = current_ / kSimdWidth * kSimdWidth, lanes = std::min(kSimdWidth, count_ - first);
  for (uint32_t i = 1; i <= lanes; ++i) {
    uint32_t lane = (current_ - first + (reverse ? lanes - i : i)) % lanes;
    if (threads_[first + lane].state == State::ready) return static_cast<int>(first + lane);
  }
  for (uint32_t i = 1; i <= count_; ++i) {
    uint32_t thread = (current_ + (reverse ? count_ - i : i)) % count_;
    if (threads_[thread].state == State::ready) return static_cast<int>(thread);
  }
  return -1;
}

void Group::fail_stuck() {
  const Thread *at_simdgroup = nullptr, *at_barrier = nullptr;
  uint32_t done = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (threads_[i].state == State::done) ++done;
    if (threads_[i].state == State::at_simdgroup) at_simdgroup = &threads_[i];
    if (threads_[i].state == State::at_barrier) at_barrier = &threads_[i];
  }
  if (at_simdgroup && at_barrier) {
    fail(
        [&] {
          return fmt::format("{} is reached by a part of a SIMD-group while the others wait at {}",
                             at(at_simdgroup->site), at(at_barrier->site));
        },
        at_simdgroup->site);
  }
  if (at_barrier) {
    fail(
        [&] {
          return fmt::format("{} is not reached by {} of {} threads, which have returned", at(at_barrier->site), done,
                             count_);
        },
        at_barrier->site);
  }
  fail([&] { return fmt::format("{} is not reached by every thread of its SIMD-group", at(at_simdgroup->site)); },
       at_simdgroup->site);
}

void Group::fail_unless_all(const Simdgroup& group) {
  if (group.arrived == ~0u) return;
  fail(
      [&] {
        return fmt::format("{} needs all 32 threads of a SIMD-group; {} are there", at(group.site),
                           std::popcount(group.arrived));
      },
      group.site);
}

void Group::wait_for_others() {
  int next = next_ready();
  if (next < 0) fail_stuck();
  switch_to(static_cast<uint32_t>(next), false);
}

void Group::thread_main() {
#if METALHOST_MSL_ASAN
  if (host_stack_) {
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  } else {
    __sanitizer_finish_switch_fiber(nullptr, &host_stack_, &host_stack_bytes_);
  }
#endif
  kernel_.launch(current().context);
  current().state = State::done;
  --live_;
  Simdgroup& group = simdgroup();
  group.alive &= ~(1u << lane());
  if (group.arrived && group.arrived == group.alive) {
    if (group.needs_all) fail_unless_all(group);
    release(group);
  }
#if METALHOST_MSL_TSAN
  __tsan_release(&live_);
#endif
  if (live_ == 0) switch_to_host(true);
  int next = next_ready();
  if (next < 0) fail_stuck();
  switch_to(static_cast<uint32_t>(next), true);
}

void Group::threadgroup_barrier(unsigned flags, const Site& site) {
  if (at_barrier_ == 0) {
    barrier_ = site;
    barrier_flags_ = flags;
  }
  barrier_flags_ &= flags;
  if (barrier_.line != site.line || barrier_.file != site.file) {
    fail([&] { return fmt::format("{} is reached by some threads while others wait at {}", at(site), at(barrier_)); },
         site);
  }
  current().state = State::at_barrier;
  current().site = site;
#if METALHOST_MSL_TSAN
  __tsan_release(&at_barrier_);
#endif
  if (++at_barrier_ == live_) {
    if (live_ != count_) {
      fail(
          [&] {
            return fmt::format("{} is not reached by {} of {} threads, which have returned", at(site), count_ - live_,
                               count_);
          },
          site);
    }
    at_barrier_ = 0;
    if (checker_) checker_->threadgroup_barrier(barrier_flags_);
    for (uint32_t i = 0; i < count_; ++i) threads_[i].state = State::ready;
  } else {
    wait_for_others();
  }
#if METALHOST_MSL_TSAN
  __tsan_acquire(&at_barrier_);
#endif
}

bool Group::arrive(Simdgroup& group, const Site& site) {
  if (!group.arrived) group.site = site;
  if (group.site.line != site.line || group.site.file != site.file ||
      (group.site.what != site.what && std::strcmp(group.site.what, site.what) != 0)) {
    fail(
        [&] {
          return fmt::format("{} is reached by a part of a SIMD-group while the others wait at {}", at(site),
                             at(group.site));
        },
        site);
  }
  group.arrived |= 1u << lane();
  current().state = State::at_simdgroup;
  current().site = site;
  return group.arrived == group.alive;
}

void Group::release(Simdgroup& group) {
  uint32_t first = current_ / kSimdWidth * kSimdWidth;
  for (uint32_t i = first; i < std::min(first + kSimdWidth, count_); ++i) {
    if (threads_[i].state == State::at_simdgroup) threads_[i].state = State::ready;
  }
  if (checker_ && group.barrier_flags) checker_->simdgroup_barrier(current_ / kSimdWidth, *group.barrier_flags);
  group.barrier_flags.reset();
  group.needs_all = false;
  group.mask[group.operations & 1] = group.arrived;
  group.arrived = 0;
  ++group.operations;
}

void Group::simdgroup_barrier(unsigned flags, const Site& site) {
  Simdgroup& group = simdgroup();
  group.barrier_flags = group.barrier_flags.value_or(flags) & flags;
#if METALHOST_MSL_TSAN
  __tsan_release(&group);
#endif
  if (arrive(group, site)) {
    release(group);
  } else {
    wait_for_others();
  }
#if METALHOST_MSL_TSAN
  __tsan_acquire(&group);
#endif
}

Exchange Group::exchange(const void* value, unsigned bytes, const Site& site) {
  Simdgroup& group = simdgroup();
  std::size_t half = group.operations & 1;
  copy_unseen(group.slots[half] + lane() * kSlotBytes, value, bytes);
  if (arrive(group, site)) {
    release(group);
  } else {
    wait_for_others();
  }
  return {group.slots[half], group.mask[half]};
}

// How the emulation spreads a matrix over the lanes: two elements of a row each.
uint32_t row_of(uint32_t lane) {
  return ((lane / 4) & 4) + (lane / 2) % 4;
}
uint32_t column_of(uint32_t lane) {
  return ((lane / 4) & 2) * 2 + (lane % 2) * 2;
}

void multiply_8x8(float (*lanes)[6]) {
  float a[8][8], b[8][8], c[8][8];
  for (uint32_t lane = 0; lane < kSimdWidth; ++lane) {
    uint32_t row = row_of(lane), column = column_of(lane);
    for (uint32_t i = 0; i < 2; ++i) {
      a[row][column + i] = lanes[lane][i];
      b[row][column + i] = lanes[lane][2 + i];
      c[row][column + i] = lanes[lane][4 + i];
    }
  }
  for (int i = 0; i < 8; ++i) {
    for (int k = 0; k < 8; ++k) {
      for (int j = 0; j < 8; ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  for (uint32_t lane = 0; lane < kSimdWidth; ++lane) {
    for (uint32_t i = 0; i < 2; ++i) lanes[lane][i] = c[row_of(lane)][column_of(lane) + i];
  }
}

void Group::multiply_accumulate(const float* abc, float* d, const Site& site) {
  Simdgroup& group = simdgroup();
  std::size_t half = group.operations & 1;
  float* mine = group.matrices[half][lane()];
  for (int i = 0; i < 6; ++i) mine[i] = abc[i];
  group.needs_all = true;
  if (arrive(group, site)) {
    fail_unless_all(group);
    multiply_8x8(group.matrices[half]);
    release(group);
  } else {
    wait_for_others();
  }
  for (int i = 0; i < 2; ++i) d[i] = mine[i];
}

void* Group::threadgroup_variable(int id, std::size_t bytes, const char* name) {
  [[maybe_unused]] UnseenAllocation unseen;
  ThreadgroupMemory& memory = variables_[id];
  if (!memory.bytes) {
    variable_bytes_ += bytes;
    uint64_t bound = std::accumulate(launch_.threadgroup_bytes.begin(), launch_.threadgroup_bytes.end(), uint64_t{0});
    if (bound + variable_bytes_ > launch_.max_threadgroup_bytes) {
      fail([&] {
        return fmt::format("{} bytes of threadgroup memory; the device has {}", bound + variable_bytes_,
                           launch_.max_threadgroup_bytes);
      });
    }
    memory = threadgroup_memory(id, bytes, name);
    if (!memory.bytes) fail([] { return "more threadgroup variables than the checks have room for"; });
    fill_unseen(memory.bytes, bytes, launch_.fill);
  }
  return memory.bytes;
}

Group::ThreadgroupMemory Group::threadgroup_memory(int id, std::size_t bytes, const char* name) const {
  if (checker_) return {nullptr, checker_->threadgroup_memory(id, bytes, name)};
  ThreadgroupMemory memory{std::make_unique_for_overwrite<std::byte[]>(bytes), nullptr};
  memory.bytes = memory.own.get();
  return memory;
}

Group::ThreadgroupMemory Group::bound_memory(std::size_t index) const {
  const uint64_t bytes = launch_.threadgroup_bytes[index];
  if (checker_ && bytes == 0) return {};  // whoever touches it is out of bounds
  std::string name = fmt::format("[[threadgroup({})]]", index);
  return threadgroup_memory(-1 - static_cast<int>(index), bytes, name.c_str());
}

void Group::access(const void* address, std::size_t bytes, std::size_t alignment, AccessKind kind, const void* site) {
  if (!checker_ || checker_->access(address, bytes, alignment, kind, site)) return;
  fail([] { return "stopped before an access out of bounds or out of alignment"; });
}

void Group::run(std::array<uint32_t, 3> position, std::array<uint32_t, 3> size, const ThreadContext& base) {
  count_ = live_ = size[0] * size[1] * size[2];
  at_barrier_ = 0;
  set_current(0);
  if (checker_) checker_->begin_threadgroup(position);
  {
    [[maybe_unused]] UnseenAllocation unseen;
    variables_.clear();
  }
  variable_bytes_ = 0;
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    fill_unseen(bound_[i].bytes, launch_.threadgroup_bytes[i], launch_.fill);
  }
  for (uint32_t i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    ThreadContext& context = thread.context = base;
    uint32_t in_group[3] = {i % size[0], i / size[0] % size[1], i / (size[0] * size[1])};
    for (int d = 0; d < 3; ++d) {
      context.threadgroup_position[d] = position[d];
      context.position_in_threadgroup[d] = in_group[d];
      context.position_in_grid[d] = position[d] * launch_.group_threads[d] + in_group[d];
      context.threads_per_threadgroup[d] = size[d];
    }
    for (std::size_t b = 0; b < bound_.size(); ++b) context.threadgroup[b] = bound_[b].bytes;
    context.index_in_threadgroup[0] = i;
    context.lane[0] = i % kSimdWidth;
    context.simdgroup[0] = i / kSimdWidth;
    context.simdgroups[0] = (count_ + kSimdWidth - 1) / kSimdWidth;
    context.simd_width[0] = kSimdWidth;
    context.lane_in_quadgroup[0] = i % 4;
    context.quadgroup[0] = i / 4;
    thread.state = State::ready;
    thread.stack_state = new_stack_state(stacks_.of(i), kStackBytes, entry);
    thread.asan_stack = nullptr;
#if METALHOST_MSL_TSAN
    if (thread.tsan_fiber) __tsan_destroy_fiber(thread.tsan_fiber);
    thread.tsan_fiber = __tsan_create_fiber(0);
#endif
  }
  for (uint32_t first = 0; first < count_; first += kSimdWidth) {
    Simdgroup& group = simdgroups_[first / kSimdWidth];
    uint32_t lanes = std::min(kSimdWidth, count_ - first);
    group.alive = lanes == kSimdWidth ? ~0u : (1u << lanes) - 1;
    group.arrived = 0;
    group.needs_all = false;
    group.barrier_flags.reset();
  }
  running = this;
  if (launch_.schedule == Schedule::reverse) set_current(count_ - 1);
  if (launch_.schedule == Schedule::random) set_current(static_cast<uint32_t>(random_() % count_));
#if METALHOST_MSL_TSAN
  host_tsan_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(threads_[current_].tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
#if METALHOST_MSL_ASAN
  host_stack_ = nullptr;
  __sanitizer_start_switch_fiber(&host_asan_, stacks_.of(current_), kStackBytes);
#endif
  metalhost_switch_stack(&host_state_, threads_[current_].stack_state);
#if METALHOST_MSL_ASAN
  __sanitizer_finish_switch_fiber(host_asan_, nullptr, nullptr);
#endif
#if METALHOST_MSL_TSAN
  __tsan_acquire(&live_);
#endif
  running = nullptr;
}

}  // namespace

const Runtime& runtime_table() {
  static const Runtime table = {
      .threadgroup_barrier = [](unsigned flags, const Site& site) { running->threadgroup_barrier(flags, site); },
      .simdgroup_barrier = [](unsigned flags, const Site& site) { running->simdgroup_barrier(flags, site); },
      .exchange = [](const void* value, unsigned bytes,
                     const Site& site) { return running->exchange(value, bytes, site); },
      .multiply_accumulate = [](const float* abc, float* d,
                                const Site& site) { running->multiply_accumulate(abc, d, site); },
      .lane = [] { return running->lane(); },
      .threadgroup_variable = [](int id, std::size_t bytes,
                                 const char* name) { return running->threadgroup_variable(id, bytes, name); },
      .access =
          [](const void* address, std::size_t bytes, std::size_t alignment, AccessKind kind, const void* site) {
            // Outside of kernels the host asks which arguments the function constants leave.
            if (running) running->access(address, bytes, alignment, kind, site);
          },
      .collective = [](bool begins) { running->collective(begins); },
  };
  return table;
}

void run_threadgroups(const KernelEntry& kernel, const Launch& launch) {
  ThreadContext base{};
  std::array<uint32_t, 3> groups{};
  for (std::size_t i = 0; i < 31; ++i) base.buffers[i] = launch.buffers[i];
  for (std::size_t d = 0; d < 3; ++d) {
    groups[d] = (launch.threads[d] + launch.group_threads[d] - 1) / launch.group_threads[d];
    base.threads_per_grid[d] = launch.threads[d];
    base.threadgroups[d] = groups[d];
    base.dispatch_threads_per_threadgroup[d] = launch.group_threads[d];
  }
  std::vector<uint64_t> order(uint64_t{groups[0]} * groups[1] * groups[2]);
  std::iota(order.begin(), order.end(), uint64_t{0});
  if (launch.schedule == Schedule::reverse) std::reverse(order.begin(), order.end());
  if (launch.schedule == Schedule::random) std::shuffle(order.begin(), order.end(), std::mt19937_64(launch.seed));
  // Kept from dispatch to dispatch: fresh pages cost more than a small dispatch.
  thread_local std::unique_ptr<Stacks> stacks;
  if (!stacks) stacks = std::make_unique<Stacks>();
  auto group = std::make_unique<Group>(kernel, launch, *stacks);
  for (uint64_t index : order) {
    std::array<uint32_t, 3> position = {static_cast<uint32_t>(index % groups[0]),
                                        static_cast<uint32_t>(index / groups[0] % groups[1]),
                                        static_cast<uint32_t>(index / groups[0] / groups[1])};
    std::array<uint32_t, 3> size{};
    for (std::size_t d = 0; d < 3; ++d) {
      size[d] = std::min(launch.group_threads[d], launch.threads[d] - position[d] * launch.group_threads[d]);
    }
    group->run(position, size, base);
    if (!group->has_failed()) continue;
    stacks.reset();  // what AddressSanitizer knows of the frames that were left goes with them
    group->throw_failure();
  }
}

}  // namespace metalhost::msl
