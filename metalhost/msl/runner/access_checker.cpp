#include "msl/runner/access_checker.h"

#include <algorithm>
#include <cstring>

namespace metalhost::msl {
namespace {

constexpr std::size_t kMostThreadgroupPieces = 96, kMostFindings = 16;
constexpr uint64_t kBlock = ShadowedMemory::kBlock, kAlignment = 256;

uint64_t blocks_for(uint64_t bytes) {
  return (bytes + kAlignment + kBlock - 1) / kBlock + 1;  // and the gap after it
}

bool reads(AccessKind kind) {
  return kind != AccessKind::write && kind != AccessKind::atomic_write;
}

}  // namespace

AccessChecker::AccessChecker(std::span<const std::byte> image, uint64_t argument_bytes, std::size_t arguments,
                             bool keeps_reads)
    : image_(image), keeps_reads_(keeps_reads) {
  ignore(image.data(), image.size());
  // The gap in front, and for each piece what rounding adds to it.
  uint64_t most = 1 + blocks_for(argument_bytes) + arguments * blocks_for(0) + kMostThreadgroupPieces * blocks_for(0);
  memory_ = &ShadowedMemory::of_this_thread(most * kBlock);
  piece_of_block_.assign(most, -1);
  used_ = 1;
  if (memory_->last_serial() > ShadowedMemory::kLastSerial / 2) memory_->clear();
  now_ = dispatch_start_ = group_start_ = memory_->last_serial() + 1;
}

AccessChecker::~AccessChecker() {
  memory_->last_serial() = now_;
  memory_->trim(used_ * kBlock);
}

int AccessChecker::add(uint64_t bytes, uint64_t misalignment, Piece piece) {
  piece.begin = used_ * kBlock + misalignment;
  piece.end = piece.begin + bytes;
  int index = static_cast<int>(pieces_.size());
  auto first = piece_of_block_.begin() + static_cast<std::ptrdiff_t>(used_);
  std::fill_n(first, blocks_for(bytes) - 1, index);
  used_ += blocks_for(bytes);
  pieces_.push_back(std::move(piece));
  return index;
}

int AccessChecker::add_argument(std::span<const std::byte> bytes, bool may_write) {
  Piece piece;
  piece.may_write = may_write;
  int index = add(bytes.size(), reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment, std::move(piece));
  std::memcpy(memory(index), bytes.data(), bytes.size());
  return index;
}

void AccessChecker::ignore(const void* begin, std::size_t bytes) {
  auto address = reinterpret_cast<uintptr_t>(begin);
  ignored_.push_back({address, address + bytes});
}

void AccessChecker::begin_threadgroup(std::array<uint32_t, 3> position) {
  group_start_ = threadgroup_from_ = ++now_;
  groups_.emplace_back(now_, position);
  group_barriers_ = {};
  simd_barriers_ = {};
}

std::byte* AccessChecker::threadgroup_memory(int id, std::size_t bytes, const char* name) {
  auto [entry, is_new] = threadgroup_pieces_.try_emplace(id, 0);
  if (is_new) {
    if (used_ + blocks_for(bytes) > piece_of_block_.size()) return nullptr;
    Piece piece;
    piece.is_threadgroup = piece.may_write = true;
    piece.name = name;
    entry->second = add(bytes, 0, std::move(piece));
  }
  return memory(entry->second);
}

void AccessChecker::threadgroup_barrier(unsigned flags) {
  group_barriers_.any = ++now_;
  if (flags & 2) group_barriers_.memory[0] = threadgroup_from_ = now_;
  if (flags & 1) group_barriers_.memory[1] = now_;
}

void AccessChecker::simdgroup_barrier(uint32_t simdgroup, unsigned flags) {
  Barriers& barriers = simd_barriers_[simdgroup];
  barriers.any = ++now_;
  if (flags & 2) barriers.memory[0] = now_;
  if (flags & 1) barriers.memory[1] = now_;
}

AccessChecker::Record AccessChecker::record(const void* site) const {
  auto offset = static_cast<uint64_t>(static_cast<const std::byte*>(site) - image_.data());
  uint32_t known = static_cast<uint32_t>(std::min<uint64_t>(offset, ShadowedMemory::kUnknownSite));
  return ShadowedMemory::pack(now_, collective_, thread_, known);
}

Toucher AccessChecker::toucher(Record record, AccessKind kind) const {
  Toucher who;
  auto group = std::upper_bound(groups_.begin(), groups_.end(), ShadowedMemory::serial(record),
                                [](uint32_t serial, const auto& entry) { return serial < entry.first; });
  if (group != groups_.begin()) who.threadgroup = std::prev(group)->second;
  who.thread = ShadowedMemory::thread(record);
  who.kind = kind;
  who.is_collective = ShadowedMemory::collective(record);
  if (uint32_t site = ShadowedMemory::site(record); site != ShadowedMemory::kUnknownSite)
    who.site = image_.data() + site;
  return who;
}

Toucher AccessChecker::current(AccessKind kind, const void* site) const {
  return {groups_.back().second, thread_, kind, collective_, site};
}

// Whether nothing orders an earlier access before what the current thread does now.
bool AccessChecker::is_recent_unordered(Record record, const Piece& piece) const {
  const uint32_t serial = ShadowedMemory::serial(record);
  if (serial < group_start_) return true;
  if (ShadowedMemory::same_thread(record, ShadowedMemory::pack(0, collective_, thread_, 0))) return false;
  const std::size_t space = piece.is_threadgroup ? 0 : 1;
  if (serial < group_barriers_.memory[space]) return false;
  return ShadowedMemory::thread(record) / 32 != simdgroup_ || serial >= simd_barriers_[simdgroup_].memory[space];
}

Violation AccessChecker::classify(Record record, const Piece& piece) const {
  const uint32_t serial = ShadowedMemory::serial(record);
  if (is_older_threadgroup(record)) return Violation::threadgroup_race;
  if (serial < group_barriers_.any) return Violation::barrier_flags;
  const uint32_t other = ShadowedMemory::thread(record) / 32;
  const std::size_t space = piece.is_threadgroup ? 0 : 1;
  if (other == simdgroup_) {
    return serial < simd_barriers_[other].any ? Violation::barrier_flags : Violation::thread_race;
  }
  const uint32_t last = std::max(simd_barriers_[other].memory[space], simd_barriers_[simdgroup_].memory[space]);
  return serial < last ? Violation::barrier_scope : Violation::thread_race;
}

// Two accesses that nothing orders and that differ as much as can be: by threadgroup, by SIMD-group, by thread.
void AccessChecker::note(std::array<Record, 2>& slots, Record mine, const Piece& piece) const {
  if (!is_unordered(slots[0], piece)) {
    slots[0] = mine;
    return;
  }
  auto apart = [&](Record a) {
    if (is_older_threadgroup(a)) return 2;
    return ShadowedMemory::thread(a) / 32 != simdgroup_ ? 1 : 0;
  };
  auto apart_now = [&] {
    bool first_old = is_older_threadgroup(slots[0]), second_old = is_older_threadgroup(slots[1]);
    if (first_old != second_old) return 2;
    if (first_old) return 2;  // whoever they are, the next threadgroup is another
    return ShadowedMemory::thread(slots[0]) / 32 != ShadowedMemory::thread(slots[1]) / 32 ? 1 : 0;
  };
  if (!is_unordered(slots[1], piece) || apart(slots[0]) > apart_now()) slots[1] = mine;
}

bool AccessChecker::access(const void* address, std::size_t bytes, std::size_t alignment, AccessKind kind,
                           const void* site) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const uint64_t offset = at - reinterpret_cast<uintptr_t>(memory_->data());
  if (offset < memory_->bytes()) [[likely]] {
    int index = offset / kBlock < piece_of_block_.size() ? piece_of_block_[offset / kBlock] : -1;
    if (index >= 0) [[likely]] {
      Piece& found = pieces_[static_cast<std::size_t>(index)];
      if (offset >= found.begin && offset + bytes <= found.end) [[likely]] {
        if (at % alignment == 0) [[likely]] {
          check(found, index, offset, bytes, kind, site);
          return true;
        }
        add_finding({.violation = Violation::alignment,
                     .piece = index,
                     .offset = static_cast<int64_t>(offset - found.begin),
                     .bytes = bytes,
                     .by = current(kind, site)});
        return false;
      }
    }
  } else {
    for (const Range& range : ignored_) {
      if (at >= range.begin && at + bytes <= range.end) return true;
    }
  }
  return bytes == 0 || out_of_bounds(at, bytes, kind, site);
}

bool AccessChecker::out_of_bounds(uintptr_t address, std::size_t bytes, AccessKind kind, const void* site) {
  constexpr int64_t kNear = int64_t{1} << 33;
  const auto at = static_cast<int64_t>(address - reinterpret_cast<uintptr_t>(memory_->data()));
  Finding found{.violation = Violation::bounds, .bytes = bytes, .by = current(kind, site)};
  int64_t nearest = kNear;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto begin = static_cast<int64_t>(pieces_[i].begin), end = static_cast<int64_t>(pieces_[i].end);
    int64_t distance = std::max({int64_t{0}, begin - at, at - end});
    if (distance >= nearest) continue;
    nearest = distance;
    found.piece = static_cast<int>(i);
    found.offset = at - begin;
  }
  add_finding(std::move(found));
  return false;
}

bool AccessChecker::conflicts(Record earlier, AccessKind earlier_kind, const Piece& piece, Finding& found) const {
  if (!is_unordered(earlier, piece)) return false;
  found.violation = classify(earlier, piece);
  found.earlier = toucher(earlier, earlier_kind);
  return true;
}

void AccessChecker::check(Piece& piece, int index, uint64_t offset, std::size_t bytes, AccessKind kind,
                          const void* site) {
  const bool is_write = writes(kind), atomic = is_atomic(kind);
  const Record mine = record(site);
  ShadowedMemory::Cell* cells = memory_->cells() + offset;
  if (!piece.may_write && !is_write) {  // nobody writes it: nothing to compare
    if (keeps_reads_) {
      for (std::size_t i = 0; i < bytes; ++i) cells[i].reads[0] = mine;
    }
    return;
  }
  Finding found{.violation = Violation::undeclared_write,
                .piece = index,
                .offset = static_cast<int64_t>(offset - piece.begin),
                .bytes = bytes};
  auto report = [&](uint64_t byte) {
    found.first_bad = byte;
    found.by = current(kind, site);
    add_finding(found);
  };
  if (!piece.may_write) report(0);
  bool reported = false;
  auto judge = [&](uint64_t byte, Record earlier, AccessKind earlier_kind) {
    if (reported || !conflicts(earlier, earlier_kind, piece, found)) return;
    report(byte);
    reported = true;
  };
  for (std::size_t i = 0; i < bytes; ++i) {
    ShadowedMemory::Cell& cell = cells[i];
    judge(i, cell.write, AccessKind::write);
    bool is_written = ShadowedMemory::serial(cell.write) >= group_start_;
    if (piece.has_atomics) {
      auto word = atomics_.find((offset + i) / 4);
      if (word != atomics_.end()) {
        for (Record earlier : word->second.writes) {
          is_written |= ShadowedMemory::serial(earlier) >= group_start_;
          if (!atomic) judge(i, earlier, AccessKind::atomic_write);
        }
        if (!atomic && is_write) {
          for (Record earlier : word->second.reads) judge(i, earlier, AccessKind::atomic_read);
        }
      }
    }
    if (is_write) {
      for (Record earlier : cell.reads) judge(i, earlier, AccessKind::read);
    }
    if (piece.is_threadgroup && !is_written && !reported && reads(kind)) {
      found.violation = Violation::unwritten;
      found.earlier.reset();
      report(i);
      reported = true;
    }
    if (atomic) continue;
    if (is_write) {
      cell.write = mine;
    } else {
      std::array<Record, 2> slots = {cell.reads[0], cell.reads[1]};
      note(slots, mine, piece);
      cell.reads[0] = slots[0];
      cell.reads[1] = slots[1];
    }
  }
  if (!atomic) return;
  piece.has_atomics = true;
  for (uint64_t word = offset / 4; word * 4 < offset + bytes; ++word) {
    Word& entry = atomics_[word];
    note(is_write ? entry.writes : entry.reads, mine, piece);
  }
}

void AccessChecker::add_finding(Finding found) {
  const void* earlier = found.earlier ? found.earlier->site : nullptr;
  if (findings_.size() >= kMostFindings || !known_.insert({found.violation, found.by.site, earlier}).second) return;
  findings_.push_back(std::move(found));
}

std::vector<TouchedBytes> AccessChecker::touched(int index) const {
  const Piece& piece = this->piece(index);
  std::vector<TouchedBytes> out;
  auto add = [&](uint64_t offset, AccessKind kind, Record record) {
    if (!out.empty() && out.back().end == offset && out.back().kind == kind) {
      ++out.back().end;
    } else {
      out.push_back({offset, offset + 1, kind, toucher(record, kind).site});
    }
  };
  for (uint64_t at = piece.begin; at < piece.end; ++at) {
    const ShadowedMemory::Cell& cell = memory_->cells()[at];
    if (ShadowedMemory::serial(cell.write) >= dispatch_start_) {
      add(at - piece.begin, AccessKind::write, cell.write);
    } else if (ShadowedMemory::serial(cell.reads[0]) >= dispatch_start_) {
      add(at - piece.begin, AccessKind::read, cell.reads[0]);
    }
  }
  if (!piece.has_atomics) return out;
  for (const auto& [word, entry] : atomics_) {
    if (word * 4 < piece.begin || word * 4 >= piece.end) continue;
    const bool has_writes = ShadowedMemory::serial(entry.writes[0]) >= dispatch_start_;
    const AccessKind kind = has_writes ? AccessKind::atomic_write : AccessKind::atomic_read;
    const uint64_t begin = word * 4 - piece.begin;
    out.push_back({begin, begin + 4, kind, toucher(has_writes ? entry.writes[0] : entry.reads[0], kind).site});
  }
  return out;
}

}  // namespace metalhost::msl
