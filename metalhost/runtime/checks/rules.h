// The contracts that are checked. Each has a test that breaks it; the tests fail when one has none.
#pragma once
#include <string_view>

#include "runtime/mps/rules.h"

namespace metalhost {

#define METALHOST_RULES(X)                                                                                  \
  /* messages */                                                                                            \
  X(unknown_selector, "an object is sent only messages that its class has on this macOS")                   \
  X(wrong_signature, "a message is sent with the argument and result types of its method")                  \
  X(wrong_class, "an object argument is of the class that the method takes")                                \
  X(nil_argument, "an object argument that must be there is not nil")                                       \
  X(nil_struct_result, "a message that returns a struct is not sent to nil")                                \
  X(abstract_class, "+alloc is sent only to classes that programs may create")                              \
  /* memory */                                                                                              \
  X(use_after_release, "an object is not used once its last reference is released")                         \
  X(use_after_pool, "an autoreleased object is not used after its pool, unless retained")                   \
  X(over_release, "each reference is released once")                                                        \
  X(no_pool, "what is autoreleased has a pool on its thread")                                               \
  X(pool_on_other_thread, "an autorelease pool is drained by the thread that made it")                      \
  X(leak, "when the program ends, every reference has been released")                                       \
  X(concurrent_use, "an object that is not thread-safe is used by one thread at a time")                    \
  X(index_out_of_range, "an index lies inside the collection")                                              \
  /* buffers and heaps */                                                                                   \
  X(empty_buffer, "a buffer has at least one byte")                                                         \
  X(buffer_too_long, "a buffer is no longer than maxBufferLength")                                          \
  X(bad_resource_options, "resource options fit what is made with them")                                    \
  X(no_copy_alignment, "memory wrapped without a copy is whole pages")                                      \
  X(private_contents, "the CPU does not ask for the contents of a private buffer")                          \
  X(buffer_range, "a range lies inside its buffer")                                                         \
  X(heap_placement, "a placed buffer is aligned and lies inside its heap")                                  \
  X(freed_under_command_buffer, "a resource outlives the command buffers that use it without retaining it") \
  X(mixed_devices, "objects are used with the device they belong to")                                       \
  X(cpu_gpu_race, "the CPU touches no bytes that the GPU has in flight, unless both only read")             \
  /* queues and command buffers */                                                                          \
  X(double_commit, "a command buffer is committed once")                                                    \
  X(encode_after_commit, "nothing is added to a command buffer after commit")                               \
  X(open_encoder, "one encoder at a time is open, and none at commit or when it is deallocated")            \
  X(wait_before_commit, "only committed command buffers are waited for")                                    \
  X(wait_in_handler, "a handler does not wait for its own queue")                                           \
  X(too_many_command_buffers, "a queue is not asked for more uncommitted command buffers than it holds")    \
  X(queue_race, "command buffers of different queues that touch the same bytes are ordered by an event")    \
  X(untracked_race, "passes on the same bytes of an untracked resource are ordered by a fence or an event") \
  X(event_deadlock, "what an event waits for is signalled")                                                 \
  X(event_value, "the value of an event only grows")                                                        \
  X(debug_groups, "each debug group is pushed, then popped")                                                \
  X(signposts, "a signpost's interval is begun once, and ended after that")                                 \
  X(residency, "residency sets hold allocations of their device")                                           \
  /* encoders and kernels */                                                                                \
  X(encode_after_end, "nothing is encoded after endEncoding")                                               \
  X(no_pipeline, "a dispatch has a pipeline state")                                                         \
  X(missing_argument, "every buffer that a kernel reads is set")                                            \
  X(argument_index, "buffer indices are below the limit of the device, 31")                                 \
  X(argument_offset, "a buffer is bound at an offset inside it that fits the elements of the argument")     \
  X(inline_bytes, "setBytes copies 1 to 4,096 bytes")                                                       \
  X(threadgroup_size, "a threadgroup has 1 to maxTotalThreadsPerThreadgroup threads")                       \
  X(empty_grid, "a grid has at least one thread in each dimension")                                         \
  X(threadgroup_memory, "threadgroup memory is a multiple of 16 bytes, and no more than the device has")    \
  X(missing_barrier, "dependent dispatches of a concurrent encoder have a barrier in between")              \
  X(function_constant, "every function constant that a kernel requires is set, with its type")              \
  X(blit_range, "the two ends of a copy don't overlap")                                                     \
  X(fence_order, "a fence is updated before a later encoder waits for it")                                  \
  /* compiled kernels, with kernel checks on */                                                             \
  X(kernel_bounds, "a kernel touches only bytes that are bound, and of its threadgroup memory")             \
  X(kernel_alignment, "a kernel reads and writes elements where elements of that size may begin")           \
  X(undeclared_write, "a kernel writes only through arguments that are device and not const")               \
  X(unwritten_memory, "threadgroup memory is read after a thread of the threadgroup wrote it")              \
  X(thread_race, "threads of a threadgroup that touch the same bytes have a barrier in between")            \
  X(barrier_flags, "the barrier between two accesses names their memory: mem_device, mem_threadgroup")      \
  X(barrier_scope, "threads of different SIMD-groups are ordered by threadgroup_barrier")                   \
  X(threadgroup_race, "threadgroups of a dispatch write the same bytes by atomics only")                    \
  X(divergence, "all threads meet at each barrier, and all lanes at each SIMD-group operation")             \
  X(schedule_dependence, "a kernel gives the same bits in every order of its threads")                      \
  /* Metal Performance Shaders */                                                                           \
  METALHOST_MPS_RULES(X)

enum class Rule {
#define METALHOST_ENUMERATOR(name, contract) name,
  METALHOST_RULES(METALHOST_ENUMERATOR)
#undef METALHOST_ENUMERATOR
};

std::string_view rule_name(Rule rule);  // with hyphens: "use-after-release"

}  // namespace metalhost
