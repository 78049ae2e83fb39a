// The pages behind buffers and heaps, and what the GPU has in flight on them.
//
// Shared memory is mapped twice: GPU threads use one view, the program the other. Between commit and completion the
// program's view of the pages in use is closed (no access while the GPU writes, read-only while it reads), so a racing
// access faults. The fault is judged by byte ranges: an access to other bytes of such a page is let through.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace metalhost {

// One command's use of a range, while its command buffer is in flight.
struct MemoryUse {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool writes = false;
  uint64_t queue = 0;     // id
  uint64_t position = 0;  // of the command buffer in that queue
  std::string object;     // the buffer, for reports
  std::string command;    // what uses it
};

class Memory {
 public:
  // All of them return null when the system has no memory left.
  static std::shared_ptr<Memory> shared(uint64_t bytes);
  static std::shared_ptr<Memory> device_private(uint64_t bytes);
  // The program's own memory; its pages can't be closed.
  static std::shared_ptr<Memory> wrapping(void* bytes, uint64_t length);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::byte* cpu() const { return cpu_; }  // null for private memory
  std::byte* gpu() const { return gpu_; }
  uint64_t size() const { return size_; }

  void begin_use(MemoryUse use);
  void end_uses(uint64_t queue, uint64_t position);
  bool in_use();
  // Calls `found` with a use in flight that an access to these bytes conflicts with, other than those `ordered`
  // excludes.
  template <class Ordered, class Found>
  bool find_conflict(uint64_t begin, uint64_t end, bool writes, Ordered ordered, Found found) {
    std::lock_guard lock(mutex_);
    for (const MemoryUse& use : uses_) {
      if (use.begin < end && begin < use.end && (use.writes || writes) && !ordered(use)) {
        found(use);
        return true;
      }
    }
    return false;
  }

  bool is_read_only_at(uint64_t offset);
  // Opens one page to the program again, until no command uses it.
  void open_page_at(uint64_t offset);

  // Quickly no when nothing is in flight, or nothing near the address.
  static bool may_be_in_flight(const void* address);
  // The memory made here (not wrapped) whose program's view holds an address. Allocates nothing.
  static std::shared_ptr<Memory> at(const void* address);
  // Every memory whose program's view overlaps the bytes: the same pages may be wrapped more than once.
  static std::vector<std::shared_ptr<Memory>> overlapping(const void* address, uint64_t bytes);

 private:
  enum class Access : uint8_t { all, read_only, none };
  Memory() = default;
  void enter();
  void protect(uint64_t begin, uint64_t end);  // with mutex_ held

  std::byte* cpu_ = nullptr;
  std::byte* gpu_ = nullptr;
  uint64_t size_ = 0;
  uint64_t mapped_ = 0;  // 0 for the program's own memory
  std::mutex mutex_;
  std::vector<MemoryUse> uses_;
  std::vector<Access> pages_;  // as they are protected now
  std::vector<bool> opened_;
  std::weak_ptr<Memory> self_;
};

}  // namespace metalhost
