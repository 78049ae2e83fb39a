#include "runtime/metal/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "runtime/settings.h"

namespace metalhost {
namespace {

uint64_t page_bytes() {
  static const auto size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

uint64_t whole_pages(uint64_t bytes) {
  return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

// Every memory with a program's view.
struct Views {
  std::mutex mutex;
  std::map<uintptr_t, std::weak_ptr<Memory>> by_end;  // made here: disjoint; by the address of its end
  std::map<Memory*, std::weak_ptr<Memory>> wrapped;   // may overlap: neighbours in a file share a page
};
Views& views() {
  static Views* instance = new Views;
  return *instance;
}

// How many uses are in flight, and the span of addresses that ever had a program's view.
std::atomic<int64_t> uses_in_flight{0};
std::atomic<uintptr_t> lowest_view{UINTPTR_MAX};
std::atomic<uintptr_t> highest_view{0};

std::byte* map_pages(int file, uint64_t bytes) {
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, file, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

}  // namespace

std::shared_ptr<Memory> Memory::shared(uint64_t bytes) {
  std::shared_ptr<Memory> memory(new Memory);
  uint64_t mapped = whole_pages(bytes);
  int file = memfd_create("metalhost", MFD_CLOEXEC);
  if (file < 0) return nullptr;
  if (ftruncate(file, static_cast<off_t>(mapped)) == 0) {
    memory->mapped_ = mapped;
    memory->cpu_ = map_pages(file, mapped);
    memory->gpu_ = map_pages(file, mapped);
  }
  close(file);
  if (!memory->cpu_ || !memory->gpu_) return nullptr;
  memory->size_ = bytes;
  memory->self_ = memory;
  memory->enter();
  return memory;
}

std::shared_ptr<Memory> Memory::device_private(uint64_t bytes) {
  std::shared_ptr<Memory> memory(new Memory);
  memory->mapped_ = whole_pages(bytes);
  memory->gpu_ = map_pages(-1, memory->mapped_);
  if (!memory->gpu_) return nullptr;
  memory->size_ = bytes;
  memory->self_ = memory;
  return memory;
}

std::shared_ptr<Memory> Memory::wrapping(void* bytes, uint64_t length) {
  std::shared_ptr<Memory> memory(new Memory);
  memory->cpu_ = memory->gpu_ = static_cast<std::byte*>(bytes);
  memory->size_ = length;
  memory->self_ = memory;
  memory->enter();
  return memory;
}

bool Memory::may_be_in_flight(const void* address) {
  if (uses_in_flight.load(std::memory_order_relaxed) == 0) return false;
  auto at = reinterpret_cast<uintptr_t>(address);
  return at >= lowest_view.load(std::memory_order_relaxed) && at < highest_view.load(std::memory_order_relaxed);
}

void Memory::enter() {
  std::lock_guard lock(views().mutex);
  auto begin = reinterpret_cast<uintptr_t>(cpu_), end = begin + std::max(mapped_, size_);
  if (mapped_ > 0)
    views().by_end[end] = self_;
  else
    views().wrapped[this] = self_;
  lowest_view = std::min(lowest_view.load(), begin);
  highest_view = std::max(highest_view.load(), end);
}

Memory::~Memory() {
  if (cpu_) {
    std::lock_guard lock(views().mutex);
    if (mapped_ > 0)
      views().by_end.erase(reinterpret_cast<uintptr_t>(cpu_) + mapped_);
    else
      views().wrapped.erase(this);
  }
  if (mapped_ == 0) return;
  if (cpu_) munmap(cpu_, mapped_);
  if (gpu_) munmap(gpu_, mapped_);
}

std::shared_ptr<Memory> Memory::at(const void* address) {
  std::lock_guard lock(views().mutex);
  auto entry = views().by_end.upper_bound(reinterpret_cast<uintptr_t>(address));
  if (entry == views().by_end.end()) return nullptr;
  auto memory = entry->second.lock();
  return memory && static_cast<const std::byte*>(address) >= memory->cpu_ ? memory : nullptr;
}

std::vector<std::shared_ptr<Memory>> Memory::overlapping(const void* address, uint64_t bytes) {
  std::vector<std::shared_ptr<Memory>> found;
  if (auto made_here = at(address)) found.push_back(std::move(made_here));
  auto begin = static_cast<const std::byte*>(address);
  std::lock_guard lock(views().mutex);
  for (auto& [memory, reference] : views().wrapped) {
    if (begin >= memory->cpu_ + memory->size_ || begin + bytes <= memory->cpu_) continue;
    if (auto wrapped = reference.lock()) found.push_back(std::move(wrapped));
  }
  return found;
}

void Memory::begin_use(MemoryUse use) {
  std::lock_guard lock(mutex_);
  uint64_t begin = use.begin, end = use.end;
  uses_.push_back(std::move(use));
  ++uses_in_flight;
  protect(begin, end);
}

void Memory::end_uses(uint64_t queue, uint64_t position) {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<uint64_t, uint64_t>> ended;
  std::erase_if(uses_, [&](const MemoryUse& use) {
    if (use.queue != queue || use.position != position) return false;
    ended.emplace_back(use.begin, use.end);
    --uses_in_flight;
    return true;
  });
  for (auto [begin, end] : ended) protect(begin, end);
}

bool Memory::in_use() {
  std::lock_guard lock(mutex_);
  return !uses_.empty();
}

bool Memory::is_read_only_at(uint64_t offset) {
  std::lock_guard lock(mutex_);
  uint64_t page = offset / page_bytes();
  return page < pages_.size() && pages_[page] == Access::read_only;
}

void Memory::open_page_at(uint64_t offset) {
  std::lock_guard lock(mutex_);
  uint64_t page = offset / page_bytes();
  if (page >= pages_.size()) return;
  opened_[page] = true;
  pages_[page] = Access::all;
  mprotect(cpu_ + page * page_bytes(), page_bytes(), PROT_READ | PROT_WRITE);
}

// Brings the protection of the pages of a range in line with what uses them; neighbours change in one call.
void Memory::protect(uint64_t begin, uint64_t end) {
  if (mapped_ == 0 || !cpu_ || begin >= end) return;
  const uint64_t page_size = page_bytes(), first = begin / page_size, last = (end - 1) / page_size;
  if (pages_.empty()) {
    pages_.assign(mapped_ / page_size, Access::all);
    opened_.assign(mapped_ / page_size, false);
  }
  std::vector<Access> wanted(last - first + 1, Access::all);
  if (settings().guard_pages) {
    for (const MemoryUse& use : uses_) {
      if (use.begin >= use.end) continue;
      uint64_t from = std::max(use.begin / page_size, first), to = std::min((use.end - 1) / page_size, last);
      for (uint64_t page = from; page <= to && from <= to; ++page) {
        Access access = use.writes ? Access::none : Access::read_only;
        wanted[page - first] = std::max(wanted[page - first], access);
      }
    }
  }
  for (uint64_t page = first; page <= last; ++page) {
    if (wanted[page - first] == Access::all) {
      opened_[page] = false;
    } else if (opened_[page]) {
      wanted[page - first] = Access::all;
    }
  }
  for (uint64_t page = first; page <= last;) {
    Access access = wanted[page - first];
    uint64_t next = page + 1;
    while (next <= last && wanted[next - first] == access) ++next;
    if (std::any_of(&pages_[page], &pages_[next - 1] + 1, [&](Access now) { return now != access; })) {
      int protection = access == Access::all         ? PROT_READ | PROT_WRITE
                       : access == Access::read_only ? PROT_READ
                                                     : PROT_NONE;
      mprotect(cpu_ + page * page_size, (next - page) * page_size, protection);
      std::fill(&pages_[page], &pages_[next - 1] + 1, access);
    }
    page = next;
  }
}

}  // namespace metalhost
