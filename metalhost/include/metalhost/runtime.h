// Control of the emulated GPU as a whole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace metalhost {

// Waits until no queue has work left.
void drain_queues();

// Command buffers that are committed while the GPU is paused stay in flight, so that tests of races don't depend on
// timing. Waiting for a command buffer resumes.
void pause_gpu();
void resume_gpu();

// Kernels of libraries that are made from source while it is on are compiled so that each of their loads and stores is
// checked (see README). Initially off, or METALHOST_CHECK_KERNELS=1.
void set_kernel_checks(bool on);

// The next command that the GPU runs fails with this message, and its command buffer ends with status error.
void inject_gpu_error(std::string message);

// After this long without progress a wait for an event counts as a deadlock. Initially 10 s.
void set_gpu_timeout_ms(uint64_t timeout);

// Closing the CPU's view of pages that the GPU is using (see README); on by default.
void set_page_protection(bool on);

// Deallocated objects keep their memory, as zombies, until this many have died after them (initially 65,536).
void set_zombie_quarantine(std::size_t count);

struct Leak {
  std::string object;  // "MTLBuffer #12 'weights'"
  int64_t references;
  std::string site;  // where it was created
};
// Drains the queues and lists every object that is still alive. When the program ends this happens by itself, and each
// leak is reported; METALHOST_LEAKS=0 or set_leak_check_at_exit(false) turns that off.
std::vector<Leak> find_leaks();
void set_leak_check_at_exit(bool on);

}  // namespace metalhost
