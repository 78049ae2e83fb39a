#include "msl/runner/shadowed_memory.h"

#include <sys/mman.h>

#include <stdexcept>

namespace metalhost::msl {
namespace {

void* reserve(uint64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory to check a kernel's accesses in");
  return memory;
}

}  // namespace

ShadowedMemory::~ShadowedMemory() {
  if (data_) munmap(data_, bytes_);
  if (cells_) munmap(cells_, bytes_ * sizeof(Cell));
}

ShadowedMemory& ShadowedMemory::of_this_thread(uint64_t bytes) {
  thread_local ShadowedMemory memory;
  if (bytes <= memory.bytes_) return memory;
  if (memory.data_) munmap(memory.data_, memory.bytes_);
  if (memory.cells_) munmap(memory.cells_, memory.bytes_ * sizeof(Cell));
  memory.data_ = nullptr;
  memory.cells_ = nullptr;
  memory.bytes_ = 0;
  memory.data_ = static_cast<std::byte*>(reserve(bytes));
  memory.cells_ = static_cast<Cell*>(reserve(bytes * sizeof(Cell)));
  memory.bytes_ = bytes;
  return memory;
}

void ShadowedMemory::clear() {
  madvise(cells_, bytes_ * sizeof(Cell), MADV_DONTNEED);
  last_serial_ = 0;
}

void ShadowedMemory::trim(uint64_t used) {
  constexpr uint64_t kKept = 4 << 20;
  if (used <= kKept) return;
  madvise(data_ + kKept, bytes_ - kKept, MADV_DONTNEED);
  madvise(cells_ + kKept, (bytes_ - kKept) * sizeof(Cell), MADV_DONTNEED);
}

}  // namespace metalhost::msl
