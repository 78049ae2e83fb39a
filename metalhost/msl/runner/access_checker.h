// Judges every load and store of a kernel that was compiled with checks: whether the bytes are the kernel's to touch,
// and whether another thread touches them with nothing in between that orders the two.
//
// Threads are ordered by barriers alone: threadgroup_barrier orders a threadgroup, simdgroup_barrier a SIMD-group, both
// only the memory that their flags name. Nothing orders the threadgroups of a dispatch. Atomics order nothing, but
// don't race with each other. So the verdict doesn't depend on the order in which the threads happened to run, as long
// as that doesn't change what they touch.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "msl/include/compile/metalhost_interface.h"
#include "msl/runner/shadowed_memory.h"

namespace metalhost::msl {

enum class Violation {
  bounds,            // outside of everything the kernel was given
  alignment,         // not a multiple of the element's size
  undeclared_write,  // a write through what is bound as read-only
  unwritten,         // a read of threadgroup memory that the threadgroup has not written
  thread_race,       // two threads of a threadgroup, no barrier in between
  barrier_flags,     // a barrier in between, without the flag of this memory
  barrier_scope,     // a simdgroup_barrier in between, but the threads are of two SIMD-groups
  threadgroup_race,  // two threadgroups of the dispatch
};

// Who touched memory, and where in the kernel.
struct Toucher {
  std::array<uint32_t, 3> threadgroup{};
  uint32_t thread = 0;  // of the threadgroup
  AccessKind kind = AccessKind::read;
  bool is_collective = false;  // part of simdgroup_load or simdgroup_store
  const void* site = nullptr;  // the return address of the check; null: not known
};

struct Finding {
  Violation violation;
  int piece = -1;          // as given by add_*; -1: nothing is near
  int64_t offset = 0;      // of the access in it
  uint64_t bytes = 0;      // of the access
  uint64_t first_bad = 0;  // byte of the access
  Toucher by{};
  std::optional<Toucher> earlier{};
};

// Bytes of a piece that a dispatch touched in one way.
struct TouchedBytes {
  uint64_t begin = 0, end = 0;
  AccessKind kind = AccessKind::read;
  const void* site = nullptr;  // of the first byte
};

class AccessChecker {
 public:
  struct Piece {
    uint64_t begin = 0, end = 0;  // in the shadowed memory
    bool is_threadgroup = false;
    bool may_write = false;
    bool has_atomics = false;
    std::string name;  // of a threadgroup variable
  };

  // `image`: the kernel's object in memory. With `keeps_reads` touched() also knows what was read where nothing is
  // written.
  AccessChecker(std::span<const std::byte> image, uint64_t argument_bytes, std::size_t arguments, bool keeps_reads);
  ~AccessChecker();
  AccessChecker(const AccessChecker&) = delete;
  AccessChecker& operator=(const AccessChecker&) = delete;

  // A copy of `bytes` with room around it, for the kernel to work on; the piece is its index.
  int add_argument(std::span<const std::byte> bytes, bool may_write);
  std::byte* memory(int piece) const { return memory_->data() + pieces_[static_cast<std::size_t>(piece)].begin; }
  const Piece& piece(int index) const { return pieces_[static_cast<std::size_t>(index)]; }
  // Memory that the kernel reads as a matter of course: stacks, what the runner keeps.
  void ignore(const void* begin, std::size_t bytes);

  // The runner says what happens.
  void begin_threadgroup(std::array<uint32_t, 3> position);
  // Null: there is no room for one more.
  std::byte* threadgroup_memory(int id, std::size_t bytes, const char* name);
  void set_thread(uint32_t thread) {
    thread_ = thread;
    simdgroup_ = thread / 32;
  }
  void set_collective(bool on) { collective_ = on; }
  void threadgroup_barrier(unsigned flags);
  void simdgroup_barrier(uint32_t simdgroup, unsigned flags);
  // False when the access must not happen.
  bool access(const void* address, std::size_t bytes, std::size_t alignment, AccessKind kind, const void* site);

  std::vector<Finding> take_findings() { return std::exchange(findings_, {}); }
  std::vector<TouchedBytes> touched(int piece) const;

 private:
  using Record = ShadowedMemory::Record;
  struct Word {  // what atomics did to four bytes: two of each who differ as much as can be
    std::array<Record, 2> writes{}, reads{};
  };
  struct Range {
    uintptr_t begin, end;
  };

  Record record(const void* site) const;
  Toucher toucher(Record record, AccessKind kind) const;
  Toucher current(AccessKind kind, const void* site) const;
  bool is_unordered(Record record, const Piece& piece) const {
    return ShadowedMemory::serial(record) >= (piece.is_threadgroup ? threadgroup_from_ : dispatch_start_) &&
           is_recent_unordered(record, piece);
  }
  bool is_recent_unordered(Record record, const Piece& piece) const;
  bool is_older_threadgroup(Record record) const { return ShadowedMemory::serial(record) < group_start_; }
  Violation classify(Record record, const Piece& piece) const;
  void note(std::array<Record, 2>& slots, Record mine, const Piece& piece) const;
  int add(uint64_t bytes, uint64_t misalignment, Piece piece);
  bool out_of_bounds(uintptr_t address, std::size_t bytes, AccessKind kind, const void* site);
  void check(Piece& piece, int index, uint64_t offset, std::size_t bytes, AccessKind kind, const void* site);
  bool conflicts(Record earlier, AccessKind earlier_kind, const Piece& piece, Finding& found) const;
  void add_finding(Finding found);

  std::span<const std::byte> image_;
  bool keeps_reads_;
  ShadowedMemory* memory_;
  std::vector<Piece> pieces_;
  std::vector<int> piece_of_block_;
  uint64_t used_ = 0;
  std::vector<Range> ignored_;
  std::map<int, int> threadgroup_pieces_;
  std::unordered_map<uint64_t, Word> atomics_;

  // Barriers and threadgroups are numbered together, in the order in which they happened.
  uint32_t now_ = 0, dispatch_start_ = 0, group_start_ = 0;
  uint32_t threadgroup_from_ = 0;  // accesses of threadgroup memory before this can't race with what is done now
  struct Barriers {
    uint32_t any = 0;
    std::array<uint32_t, 2> memory{};  // the last one that named threadgroup memory; device memory
  };
  Barriers group_barriers_;
  std::array<Barriers, 32> simd_barriers_;
  std::vector<std::pair<uint32_t, std::array<uint32_t, 3>>> groups_;  // where each began
  uint32_t thread_ = 0, simdgroup_ = 0;
  bool collective_ = false;

  std::vector<Finding> findings_;
  std::set<std::tuple<Violation, const void*, const void*>> known_;
};

}  // namespace metalhost::msl
