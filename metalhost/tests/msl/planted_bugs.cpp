#include "msl/planted_bugs.h"

const std::vector<PlantedBug>& planted_bugs() {
  static const std::vector<PlantedBug> bugs = {
      // Threads of a threadgroup without a barrier.
      {"missing_barrier", "thread-race", "threadgroup memory 'a'", R"(
  threadgroup float a[64];
  a[t] = in[i]; /*!*/
  x[i] = a[63 - t];
)",
       R"(
  threadgroup float a[64];
  a[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = a[63 - t];
)"},
      {"missing_barrier_in_tree", "thread-race", "threadgroup memory 'a'", R"(
  threadgroup float a[64];
  a[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint k = 32; k > 0; k /= 2) {
    if (t < k) a[t] += a[t + k]; /*!*/
  }
  if (t == 0) x[g] = a[0];
)",
       R"(
  threadgroup float a[64];
  a[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint k = 32; k > 0; k /= 2) {
    if (t < k) a[t] += a[t + k];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (t == 0) x[g] = a[0];
)"},
      {"tile_overwritten_early", "thread-race", "threadgroup memory 'a'", R"(
  threadgroup float a[64];
  float sum = 0;
  for (uint k = 0; k < 2; ++k) {
    a[t] = in[k * 64 + t]; /*!*/
    threadgroup_barrier(mem_flags::mem_threadgroup);
    sum += a[63 - t];
  }
  x[i] = sum;
)",
       R"(
  threadgroup float a[64];
  float sum = 0;
  for (uint k = 0; k < 2; ++k) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    a[t] = in[k * 64 + t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    sum += a[63 - t];
  }
  x[i] = sum;
)"},
      {"neighbour_in_device_memory", "thread-race", "MTLBuffer #", R"(
  x[i] = in[i];
  float other = x[i ^ 1]; /*!*/
  threadgroup_barrier(mem_flags::mem_device);
  x[i] = other;
)",
       R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  float other = x[i ^ 1];
  threadgroup_barrier(mem_flags::mem_device);
  x[i] = other;
)"},
      {"two_threads_one_element", "thread-race", "threadgroup memory 'a'", R"(
  threadgroup float a[64];
  a[t / 2] = in[i]; /*!*/
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = a[t / 2];
)",
       R"(
  threadgroup float a[64];
  if (t % 2 == 0) a[t / 2] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = a[t / 2];
)"},
      {"counter_without_atomic", "thread-race", "threadgroup memory 'c'", R"(
  threadgroup uint c;
  if (t == 0) c = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  c += 1; /*!*/
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(c);
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&c, 1u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(atomic_load_explicit(&c, memory_order_relaxed));
)"},
      {"word_over_bytes", "thread-race", "threadgroup memory 'w'", R"(
  threadgroup uint w[16];
  ((threadgroup uchar*)w)[t] = 1;
  if (t == 63) w[15] = 0; /*!*/
)",
       R"(
  threadgroup uint w[16];
  ((threadgroup uchar*)w)[t] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 63) w[15] = 0;
)"},
      {"lanes_without_barrier", "thread-race", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  shared[t] = in[i];
  x[i] = shared[t ^ 1]; /*!*/
)",
       R"(
  shared[t] = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  shared[t] = in[i];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[t ^ 1];
)"},
      {"simd_sum_is_no_barrier", "thread-race", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = in[i];
  float sum = simd_sum(in[i]);
  x[i] = shared[t ^ 1] + sum; /*!*/
)",
       R"(
  shared[t] = in[i];
  float sum = simd_sum(in[i]);
  simdgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[t ^ 1] + sum;
)"},
      {"matrix_loaded_early", "thread-race", "threadgroup memory '[[threadgroup(0)]]'", R"(
  if (s == 0) {
    simdgroup_float8x8 m;
    shared[lane] = in[lane];
    shared[lane + 32] = in[lane + 32];
    simdgroup_load(m, shared); /*!*/
    simdgroup_store(m, x + 64 * g);
  }
)",
       R"(
  if (s == 0) {
    simdgroup_float8x8 m;
    shared[lane] = in[lane];
    shared[lane + 32] = in[lane + 32];
    simdgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_load(m, shared);
    simdgroup_store(m, x + 64 * g);
  }
)"},
      // The emulation gives lane 0 elements 0 and 1 of a matrix; hardware may give it others.
      {"matrix_layout_relied_on", "thread-race", "threadgroup memory '[[threadgroup(0)]]'", R"(
  if (s == 0) {
    simdgroup_store(simdgroup_float8x8(2.0f), shared);
    if (lane == 0) x[64 * g] = shared[0]; /*!*/
  }
)",
       R"(
  if (s == 0) {
    simdgroup_store(simdgroup_float8x8(2.0f), shared);
    simdgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) x[64 * g] = shared[0];
  }
)"},
      {"atomic_read_as_plain", "thread-race", "threadgroup memory 'c'", R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&c, 1u, memory_order_relaxed);
  x[i] = float(*(threadgroup uint*)&c); /*!*/
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&c, 1u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(*(threadgroup uint*)&c);
)"},
      {"plain_write_under_atomics", "thread-race", "threadgroup memory 'c'", R"(
  threadgroup atomic_uint c;
  if (t == 0) *(threadgroup uint*)&c = 0;
  atomic_fetch_max_explicit(&c, t, memory_order_relaxed); /*!*/
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) *(threadgroup uint*)&c = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_max_explicit(&c, t, memory_order_relaxed);
)"},
      {"plain_write_over_atomic_reads", "thread-race", "threadgroup memory 'c'", R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(atomic_load_explicit(&c, memory_order_relaxed));
  if (t == 62) *(threadgroup uint*)&c = 7u; /*!*/
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(atomic_load_explicit(&c, memory_order_relaxed));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 62) *(threadgroup uint*)&c = 7u;
)"},
      // All of the writer's own SIMD-group have read too, and a barrier orders those.
      {"write_over_reads_of_another_simdgroup", "barrier-flags", "threadgroup memory 'a'", R"(
  threadgroup float a[1];
  if (t == 0) a[0] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = a[0];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup_barrier(mem_flags::mem_none);
  if (t == 0) a[0] = 2; /*!*/
)",
       R"(
  threadgroup float a[1];
  if (t == 0) a[0] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = a[0];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) a[0] = 2;
)"},
      {"atomic_over_plain_read", "thread-race", "threadgroup memory 'c'", R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint before = *(threadgroup uint*)&c;
  x[i] = float(before);
  if (t == 62) atomic_store_explicit(&c, 7u, memory_order_relaxed); /*!*/
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint before = *(threadgroup uint*)&c;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = float(before);
  if (t == 62) atomic_store_explicit(&c, 7u, memory_order_relaxed);
)"},
      // The reader that counts is neither the first nor the last one.
      {"one_reader_of_many", "thread-race", "threadgroup memory '[[threadgroup(0)]]'", R"(
  if (t == 20) shared[0] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[0]; /*!*/
  if (t == 63) shared[0] = 2;
)",
       R"(
  if (t == 20) shared[0] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[0];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 63) shared[0] = 2;
)"},
      // A barrier that orders other memory.
      {"device_flag_for_threadgroup_memory", "barrier-flags", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  x[i] = shared[63 - t]; /*!*/
)",
       R"(
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_device | mem_flags::mem_threadgroup);
  x[i] = shared[63 - t];
)"},
      {"threadgroup_flag_for_device_memory", "barrier-flags", "MTLBuffer #", R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float other = x[i ^ 1]; /*!*/
  shared[t] = other;
)",
       R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  float other = x[i ^ 1];
  shared[t] = other;
)"},
      {"no_flag", "barrier-flags", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_none);
  x[i] = shared[63 - t]; /*!*/
)",
       R"(
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup_barrier(mem_flags::mem_none);
  x[i] = shared[63 - t];
)"},
      {"simdgroup_barrier_without_its_flag", "barrier-flags", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = in[i];
  simdgroup_barrier(mem_flags::mem_device);
  x[i] = shared[t ^ 31]; /*!*/
)",
       R"(
  shared[t] = in[i];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[t ^ 31];
)"},
      {"simdgroup_barrier_without_device_flag", "barrier-flags", "MTLBuffer #", R"(
  x[i] = in[i];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  shared[t] = x[i ^ 1]; /*!*/
)",
       R"(
  x[i] = in[i];
  simdgroup_barrier(mem_flags::mem_device);
  shared[t] = x[i ^ 1];
)"},
      // A barrier of a SIMD-group between threads of two.
      {"simdgroup_barrier_for_a_threadgroup", "barrier-scope", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t] = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  shared[t] = in[i];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t]; /*!*/
)",
       R"(
  shared[t] = 0;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t];
)"},
      {"simdgroup_barrier_over_device_memory", "barrier-scope", "MTLBuffer #", R"(
  x[i] = in[i];
  simdgroup_barrier(mem_flags::mem_device);
  shared[t] = x[i ^ 32]; /*!*/
)",
       R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  shared[t] = x[i ^ 32];
)"},
      {"partial_sums_of_simdgroups", "barrier-scope", "threadgroup memory 'part'", R"(
  threadgroup float part[2];
  float sum = simd_sum(in[i]);
  if (lane == 0) part[s] = sum;
  simdgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 63) x[g] = part[0] + part[1]; /*!*/
)",
       R"(
  threadgroup float part[2];
  float sum = simd_sum(in[i]);
  if (lane == 0) part[s] = sum;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 63) x[g] = part[0] + part[1];
)"},
      // Threadgroups of one dispatch.
      {"same_rows_from_every_threadgroup", "threadgroup-race", "MTLBuffer #", R"(
  x[t] = float(g); /*!*/
)",
       R"(
  x[i] = float(g);
)"},
      {"tiles_overlap_by_one", "threadgroup-race", "MTLBuffer #", R"(
  x[i] = in[i]; /*!*/
  if (t == 63 && i + 1 < n) x[i + 1] = in[i];
)",
       R"(
  x[i] = in[i];
  if (t == 63 && i + 1 < n) shared[0] = in[i + 1];
)"},
      {"halo_of_the_neighbour", "threadgroup-race", "MTLBuffer #", R"(
  x[i] = in[i];
  shared[t] = x[(i + 64) % 128]; /*!*/
)",
       R"(
  x[i] = in[i];
  shared[t] = in[(i + 64) % 128];
)"},
      {"sum_without_atomic", "threadgroup-race", "MTLBuffer #", R"(
  if (t == 0) x[0] += in[i]; /*!*/
)",
       R"(
  if (t == 0) atomic_fetch_add_explicit((device atomic_float*)x, in[i], memory_order_relaxed);
)"},
      {"counter_read_as_plain", "threadgroup-race", "MTLBuffer #", R"(
  if (t == 0) atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
  if (t == 0) x[g] = float(((device uint*)count)[0]); /*!*/
)",
       R"(
  if (t == 0) atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
  if (t == 0) x[g] = float(atomic_load_explicit(count, memory_order_relaxed));
)"},
      {"device_barrier_is_no_grid_barrier", "threadgroup-race", "MTLBuffer #", R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  if (t == 0) shared[0] = x[(i + 64) % 128]; /*!*/
)",
       R"(
  x[i] = in[i];
  threadgroup_barrier(mem_flags::mem_device);
  if (t == 0) shared[0] = x[i + 1];
)"},
      {"word_over_the_neighbours_byte", "threadgroup-race", "MTLBuffer #", R"(
  if (t == 0 && g == 0) ((device uint*)x)[0] = 0;
  if (t == 0 && g == 1) ((device uchar*)x)[3] = 1; /*!*/
)",
       R"(
  if (t == 0 && g == 0) ((device uchar*)x)[2] = 0;
  if (t == 0 && g == 1) ((device uchar*)x)[3] = 1;
)"},
      // Outside of what is bound.
      {"read_one_past_the_end", "kernel-bounds", "MTLBuffer #", R"(
  x[i] = in[i + 1]; /*!*/
)",
       R"(
  x[i] = i + 1 < n ? in[i + 1] : 0.0f;
)"},
      {"write_one_past_the_end", "kernel-bounds", "MTLBuffer #", R"(
  if (i <= n) x[2 * i - i + 1] = 0; /*!*/
)",
       R"(
  if (i + 1 < n) x[i + 1] = 0;
)"},
      {"read_before_the_beginning", "kernel-bounds", "MTLBuffer #", R"(
  x[i] = in[int(i) - 1]; /*!*/
)",
       R"(
  x[i] = in[max(int(i) - 1, 0)];
)"},
      {"threadgroup_array_too_short", "kernel-bounds", "threadgroup memory 'a'", R"(
  threadgroup float a[63];
  a[t] = in[i]; /*!*/
)",
       R"(
  threadgroup float a[64];
  a[t] = in[i];
)"},
      {"bound_threadgroup_memory_too_short", "kernel-bounds", "threadgroup memory '[[threadgroup(0)]]'", R"(
  shared[t + 1] = in[i]; /*!*/
)",
       R"(
  shared[t] = in[i];
)"},
      {"vector_over_the_end", "kernel-bounds", "MTLBuffer #", R"(
  if (t % 4 == 0) x[i] = float4(((device const packed_float4*)(in + 1))[i / 4]).w; /*!*/
)",
       R"(
  if (t % 4 == 0) x[i] = float4(((device const packed_float4*)in)[i / 4]).w;
)"},
      {"wrong_stride", "kernel-bounds", "MTLBuffer #", R"(
  x[i] = in[i * 2]; /*!*/
)",
       R"(
  x[i] = in[i * 2 % n];
)"},
      {"far_away", "kernel-bounds", "kernel 'far_away_bug'", R"(
  x[i] = in[ulong(i) + 1000000000000ul]; /*!*/
)",
       R"(
  x[i] = in[ulong(i)];
)"},
      {"matrix_past_the_end", "kernel-bounds", "MTLBuffer #", R"(
  if (s == 0) simdgroup_store(simdgroup_float8x8(1.0f), x + 64 * g + 8); /*!*/
)",
       R"(
  if (s == 0) simdgroup_store(simdgroup_float8x8(1.0f), x + 64 * g);
)"},
      {"atomic_past_the_end", "kernel-bounds", "MTLBuffer #", R"(
  if (t == 0) atomic_fetch_add_explicit(count + 4, 1u, memory_order_relaxed); /*!*/
)",
       R"(
  if (t == 0) atomic_fetch_add_explicit(count + 3, 1u, memory_order_relaxed);
)"},
      {"constant_past_the_end", "kernel-bounds", "inline bytes", R"(
  x[i] = float((&n)[1]); /*!*/
)",
       R"(
  x[i] = float((&n)[0]);
)"},
      {"constant_before_the_beginning", "kernel-bounds", "inline bytes", R"(
  x[i] = float((&n)[-1]); /*!*/
)",
       R"(
  x[i] = float((&n)[0]);
)"},
      {"copy_over_the_end", "kernel-bounds", "MTLBuffer #", R"(
  struct Four { float v[4]; };
  if (i == 0) *(device Four*)x = *(device const Four*)(in + 126); /*!*/
)",
       R"(
  struct Four { float v[4]; };
  if (i == 0) *(device Four*)x = *(device const Four*)(in + 124);
)"},
      // Elements where they can't begin.
      {"float_at_an_odd_address", "kernel-alignment", "MTLBuffer #", R"(
  if (i == 0) *(device float*)((device uchar*)x + 2) = 1; /*!*/
)",
       R"(
  if (i == 0) *(device float*)((device uchar*)x + 4) = 1;
)"},
      {"half_at_an_odd_address", "kernel-alignment", "MTLBuffer #", R"(
  if (i == 0) x[0] = float(*(device const half*)((device const uchar*)in + 1)); /*!*/
)",
       R"(
  if (i == 0) x[0] = float(*(device const half*)((device const uchar*)in + 2));
)"},
      {"vector_between_its_places", "kernel-alignment", "MTLBuffer #", R"(
  device const half4* quads = (device const half4*)((device const half*)in + 2);
  if (i == 0) x[0] = float(quads[0].x); /*!*/
)",
       R"(
  device const half4* quads = (device const half4*)((device const half*)in + 4);
  if (i == 0) x[0] = float(quads[0].x);
)"},
      {"vector_stored_between_its_places", "kernel-alignment", "MTLBuffer #", R"(
  if (i == 0) *(device float4*)(x + 2) = float4(1.0f); /*!*/
)",
       R"(
  if (i == 0) *(device packed_float4*)(x + 2) = float4(1.0f);
)"},
      {"word_of_a_block_of_18_bytes", "kernel-alignment", "MTLBuffer #", R"(
  device const uchar* nibbles = (device const uchar*)in + 18 + 2 * (i % 2 + 1);
  if (i < 2) x[i] = float(*(device const uint*)nibbles & 15); /*!*/
)",
       R"(
  device const uchar* nibbles = (device const uchar*)in + 18 + 2 * (i % 2 + 1);
  if (i < 2) x[i] = float(*(device const ushort*)nibbles & 15);
)"},
      // Writes through what is read-only.
      {"const_cast_away", "undeclared-write", "MTLBuffer #", R"(
  ((device float*)in)[i] = x[i]; /*!*/
)",
       R"(
  x[i] = in[i];
)"},
      {"constant_cast_away", "undeclared-write", "inline bytes", R"(
  if (i == 0) *(device uint*)&n = 1; /*!*/
)",
       R"(
  if (i == 0) x[0] = float(n);
)"},
      // Threadgroup memory that nobody has written.
      {"every_second_element_unwritten", "unwritten-memory", "threadgroup memory '[[threadgroup(0)]]'", R"(
  if (t % 2 == 0) shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t]; /*!*/
)",
       R"(
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t];
)"},
      {"sum_without_a_beginning", "unwritten-memory", "threadgroup memory 'sum'", R"(
  threadgroup float sum;
  if (t == 0) {
    sum += in[g]; /*!*/
    x[g] = sum;
  }
)",
       R"(
  threadgroup float sum;
  if (t == 0) {
    sum = 0;
    sum += in[g];
    x[g] = sum;
  }
)"},
      // The first threadgroup writes it, the second doesn't.
      {"left_by_another_threadgroup", "unwritten-memory", "threadgroup memory '[[threadgroup(0)]]'", R"(
  if (g == 0) shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t]; /*!*/
)",
       R"(
  if (g == 0) shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = g == 0 ? shared[63 - t] : 0.0f;
)"},
      {"atomic_without_a_beginning", "unwritten-memory", "threadgroup memory 'c'", R"(
  threadgroup atomic_uint c;
  atomic_fetch_add_explicit(&c, 1u, memory_order_relaxed); /*!*/
  x[i] = float(atomic_load_explicit(&c, memory_order_relaxed));
)",
       R"(
  threadgroup atomic_uint c;
  if (t == 0) atomic_store_explicit(&c, 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&c, 1u, memory_order_relaxed);
  x[i] = float(atomic_load_explicit(&c, memory_order_relaxed));
)"},
      // Threads that don't meet.
      {"barrier_in_a_branch", "divergence", "kernel 'barrier_in_a_branch_bug'", R"(
  if (t < 40) {
    threadgroup_barrier(mem_flags::mem_none); /*!*/
  }
  x[i] = 1;
)",
       R"(
  threadgroup_barrier(mem_flags::mem_none);
  if (t < 40) x[i] = 1;
)"},
      {"barriers_of_two_branches", "divergence", "kernel 'barriers_of_two_branches_bug'", R"(
  if (t < 32) {
    threadgroup_barrier(mem_flags::mem_none);
  } else {
    threadgroup_barrier(mem_flags::mem_none); /*!*/
  }
  x[i] = 1;
)",
       R"(
  threadgroup_barrier(mem_flags::mem_none);
  x[i] = 1;
)"},
      {"sums_of_two_branches", "divergence", "kernel 'sums_of_two_branches_bug'", R"(
  if (lane < 16) {
    x[i] = simd_sum(in[i]);
  } else {
    x[i] = simd_sum(in[i] + 1); /*!*/
  }
)",
       R"(
  x[i] = simd_sum(lane < 16 ? in[i] : in[i] + 1);
)"},
      {"return_before_a_barrier", "divergence", "kernel 'return_before_a_barrier_bug'", R"(
  if (i >= 100) return;
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup); /*!*/
  x[i] = shared[0];
)",
       R"(
  if (i < 100) shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (i < 100) x[i] = shared[0];
)"},
      {"barrier_in_a_loop_of_its_own_length", "divergence", "kernel 'barrier_in_a_loop_of_its_own_length_bug'", R"(
  for (uint k = 0; k < t; ++k) {
    threadgroup_barrier(mem_flags::mem_none); /*!*/
  }
)",
       R"(
  for (uint k = 0; k < 64; ++k) {
    threadgroup_barrier(mem_flags::mem_none);
  }
)"},
      {"matrix_product_by_half_a_simdgroup", "divergence", "kernel 'matrix_product_by_half_a_simdgroup_bug'", R"(
  if (s == 1 || lane < 16) {
    if (lane >= 16) return;
    simdgroup_float8x8 m(1.0f);
    simdgroup_multiply_accumulate(m, m, m, m); /*!*/
  }
)",
       R"(
  simdgroup_float8x8 m(1.0f);
  simdgroup_multiply_accumulate(m, m, m, m);
)"},
  };
  return bugs;
}
