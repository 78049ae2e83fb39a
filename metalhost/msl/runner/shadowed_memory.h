// Memory for a kernel to work on, and beside each byte of it who touched it last.
#pragma once
#include <cstddef>
#include <cstdint>

namespace metalhost::msl {

class ShadowedMemory {
 public:
  // One access: when, by which thread, at which place of the code. 0: none.
  using Record = uint64_t;
  static constexpr int kSerialBits = 29, kThreadBits = 10, kSiteBits = 24;
  static constexpr uint32_t kLastSerial = (1u << kSerialBits) - 1, kUnknownSite = (1u << kSiteBits) - 1;
  static Record pack(uint32_t serial, bool collective, uint32_t thread, uint32_t site) {
    return (uint64_t{serial} << 35) | (uint64_t{collective} << 34) | (uint64_t{thread} << 24) | site;
  }
  static uint32_t serial(Record r) { return static_cast<uint32_t>(r >> 35); }
  static bool collective(Record r) { return (r >> 34) & 1; }
  static uint32_t thread(Record r) { return (r >> 24) & 1023; }
  static uint32_t site(Record r) { return r & kUnknownSite; }
  static bool same_thread(Record a, Record b) { return ((a ^ b) >> 24 & 2047) == 0; }

  // Of one byte. Of many readers that nothing orders, two are enough to find a race with any writer.
  struct Cell {
    Record write, reads[2];
  };

  static constexpr uint64_t kBlock = 64 << 10;  // between pieces there is at least half of one

  // This thread's own, kept from dispatch to dispatch; at least `bytes` large.
  static ShadowedMemory& of_this_thread(uint64_t bytes);
  ~ShadowedMemory();

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  Cell* cells() const { return cells_; }
  uint32_t& last_serial() { return last_serial_; }
  // Forgets all accesses.
  void clear();
  // Gives back what a large dispatch took.
  void trim(uint64_t used);

 private:
  std::byte* data_ = nullptr;
  Cell* cells_ = nullptr;
  uint64_t bytes_ = 0;
  uint32_t last_serial_ = 0;
};

}  // namespace metalhost::msl
