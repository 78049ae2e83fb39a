// The contracts that are checked. Each has a test that breaks it; the tests fail when one has none.
#pragma once
#include <string_view>

namespace metalhost {

#define METALHOST_RULES(X)                                                                 \
  /* messages */                                                                           \
  X(unknown_selector, "an object is sent only messages that its class has on this macOS")  \
  X(wrong_signature, "a message is sent with the argument and result types of its method") \
  X(wrong_class, "an object argument is of the class that the method takes")               \
  X(nil_argument, "an object argument that must be there is not nil")                      \
  X(nil_struct_result, "a message that returns a struct is not sent to nil")               \
  X(abstract_class, "+alloc is sent only to classes that programs may create")             \
  /* memory */                                                                             \
  X(use_after_release, "an object is not used once its last reference is released")        \
  X(use_after_pool, "an autoreleased object is not used after its pool, unless retained")  \
  X(over_release, "each reference is released once")                                       \
  X(no_pool, "what is autoreleased has a pool on its thread")                              \
  X(pool_on_other_thread, "an autorelease pool is drained by the thread that made it")     \
  X(leak, "when the program ends, every reference has been released")                      \
  X(concurrent_use, "an object that is not thread-safe is used by one thread at a time")   \
  X(index_out_of_range, "an index lies inside the collection")

enum class Rule {
#define METALHOST_ENUMERATOR(name, contract) name,
  METALHOST_RULES(METALHOST_ENUMERATOR)
#undef METALHOST_ENUMERATOR
};

std::string_view rule_name(Rule rule);  // with hyphens: "use-after-release"

}  // namespace metalhost
