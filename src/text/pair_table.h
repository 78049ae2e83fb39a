#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace temper::text {

/// What merging two neighbouring tokens gives, and how early it happens.
struct Merge {
  int32_t rank, id;  // rank -1: these two don't merge
};

/// Maps a pair of token ids to its merge: open addressing in one array, at most 2/3 full.
class PairTable {
 public:
  explicit PairTable(size_t pairs) : slots_(std::bit_ceil(pairs + pairs / 2 + 1)), mask_(slots_.size() - 1) {}

  /// A later merge of the same pair replaces an earlier one, as in Hugging Face's map.
  void set(int32_t left, int32_t right, Merge merge) {
    Slot& slot = slots_[index(left, right)];
    slot = {left, right, merge};
  }
  Merge find(int32_t left, int32_t right) const { return slots_[index(left, right)].merge; }

 private:
  struct Slot {
    int32_t left = -1, right = -1;
    Merge merge{-1, -1};
  };

  size_t index(int32_t left, int32_t right) const {
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
    size_t at = (key * 0x9E3779B97F4A7C15u >> 29) & mask_;
    while (slots_[at].left >= 0 && (slots_[at].left != left || slots_[at].right != right)) at = (at + 1) & mask_;
    return at;
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace temper::text
