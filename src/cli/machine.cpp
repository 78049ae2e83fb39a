#include "cli/machine.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace temper::cli {

std::optional<uint64_t> available_memory_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key; meminfo >> key;) {
    uint64_t kilobytes = 0;
    if (key == "MemAvailable:" && meminfo >> kilobytes) return kilobytes * 1024;
  }
#if defined(_SC_PHYS_PAGES)
  // Elsewhere (macOS) all memory: caches are given up when needed.
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_bytes > 0) return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes);
#endif
  return std::nullopt;
}

}  // namespace temper::cli
