#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace temper::text {

/// The ids of words met recently: direct-mapped, one cache line a word, 1 MiB. Threads share it; one that finds a part
/// of it locked computes the word instead of waiting, so contents never influence results, only speed.
class WordCache {
 public:
  WordCache() : slots_(std::make_unique<Slot[]>(kSlots)) {}

  /// Appends the word's ids; false when it isn't cached.
  bool find(std::string_view word, std::vector<int32_t>& ids) {
    if (word.empty() || word.size() > kMaxBytes) return false;
    const size_t at = index(word);
    const std::unique_lock lock(locks_[at % kLocks], std::try_to_lock);
    const Slot& slot = slots_[at];
    if (!lock || slot.bytes != word.size() || std::memcmp(slot.word, word.data(), word.size()) != 0) return false;
    ids.insert(ids.end(), slot.ids, slot.ids + slot.count);
    return true;
  }

  void insert(std::string_view word, std::span<const int32_t> ids) {
    if (word.empty() || word.size() > kMaxBytes || ids.size() > kMaxIds) return;
    const size_t at = index(word);
    const std::unique_lock lock(locks_[at % kLocks], std::try_to_lock);
    if (!lock) return;
    Slot& slot = slots_[at];
    slot.bytes = static_cast<uint8_t>(word.size());
    slot.count = static_cast<uint8_t>(ids.size());
    std::memcpy(slot.word, word.data(), word.size());
    if (!ids.empty()) std::memcpy(slot.ids, ids.data(), ids.size_bytes());
  }

 private:
  static constexpr size_t kSlots = 1 << 14, kLocks = 64, kMaxBytes = 30, kMaxIds = 8;
  struct Slot {
    uint8_t bytes, count;
    char word[kMaxBytes];
    int32_t ids[kMaxIds];
  };
  static_assert(sizeof(Slot) == 64);

  static size_t index(std::string_view word) { return std::hash<std::string_view>{}(word) % kSlots; }

  std::unique_ptr<Slot[]> slots_;  // bytes == 0: empty
  std::array<std::mutex, kLocks> locks_;
};

}  // namespace temper::text
