// What a compiled kernel object and the runner know of each other. The object calls the runner through a table of
// functions that is set when it is loaded, so that programs need not export symbols.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace metalhost::msl {

enum class ArgumentKind : int {
  buffer,
  threadgroup,
  thread_position_in_grid,
  thread_position_in_threadgroup,
  threadgroup_position_in_grid,
  threads_per_threadgroup,
  dispatch_threads_per_threadgroup,
  threads_per_grid,
  threadgroups_per_grid,
  thread_index_in_threadgroup,
  thread_index_in_simdgroup,
  simdgroup_index_in_threadgroup,
  simdgroups_per_threadgroup,
  threads_per_simdgroup,
  thread_index_in_quadgroup,
  quadgroup_index_in_threadgroup,
};

struct Argument {
  ArgumentKind kind;
  int index;
  bool writes;
  int alignment;     // of a buffer's offset, whatever its elements
  bool is_optional;  // whether function constants decide that it is there
};

// What one thread is given.
struct ThreadContext {
  void* buffers[31];
  void* threadgroup[31];
  uint32_t position_in_grid[3], position_in_threadgroup[3], threadgroup_position[3];
  uint32_t threads_per_threadgroup[3], dispatch_threads_per_threadgroup[3], threads_per_grid[3], threadgroups[3];
  uint32_t index_in_threadgroup[3], lane[3], simdgroup[3], simdgroups[3], simd_width[3];
  uint32_t lane_in_quadgroup[3], quadgroup[3];
};

struct KernelEntry {
  const char* name;
  void (*launch)(const ThreadContext&);
  const Argument* arguments;
  const int* alignments;  // of the elements that each argument points to
  int argument_count;
  int max_threads;                  // 0: not declared
  const char* const* declarations;  // of the arguments, as written
  const char* function;             // what was instantiated
  bool (*has)(int argument);        // whether the function constants leave this argument in
  uint64_t constants[2];            // a bit for each function constant of the object: whether it may be used
};

struct ConstantEntry {
  const char* name;
  int index;
  int data_type;  // an MTLDataType
  bool required;
};

// Where a kernel calls an operation that its threads meet in.
struct Site {
  const char* what;
  const char* file;
  int line;
};

inline constexpr int kSlotBytes = 64;

struct Exchange {
  const unsigned char* slots;  // kSlotBytes a lane
  uint32_t mask;               // lanes that take part
};

// What a kernel is about to do to memory.
enum class AccessKind : int { read, write, atomic_read, atomic_write, atomic_update };
constexpr bool writes(AccessKind kind) {
  return kind == AccessKind::write || kind == AccessKind::atomic_write || kind == AccessKind::atomic_update;
}
constexpr bool is_atomic(AccessKind kind) {
  return kind != AccessKind::read && kind != AccessKind::write;
}

struct Runtime {
  // `flags` as in Metal: 1 for device, 2 for threadgroup memory.
  void (*threadgroup_barrier)(unsigned flags, const Site&);
  void (*simdgroup_barrier)(unsigned flags, const Site&);
  Exchange (*exchange)(const void* value, unsigned bytes, const Site&);
  // a, b, c: two elements each of the lane; d = a b + c.
  void (*multiply_accumulate)(const float* abc, float* d, const Site&);
  unsigned (*lane)();
  void* (*threadgroup_variable)(int id, size_t bytes, const char* name);
  // Of kernels compiled with checks: before each access, and around what a SIMD-group does together.
  void (*access)(const void* address, size_t bytes, size_t alignment, AccessKind, const void* site);
  void (*collective)(bool begins);
};

// Values of function constants: written into a copy of the object's file before it is loaded.
inline constexpr char kConstantsMagic[] = "metalhost function constants 1.";
struct ConstantBlock {
  char magic[32];
  uint8_t is_set[128];
  uint8_t values[128][32];
};

}  // namespace metalhost::msl
