// What the current thread is doing on behalf of the program under test.
#pragma once
#include "runtime/objc/class.h"

namespace metalhost {

struct Send {
  const void* receiver = nullptr;
  SEL selector = nullptr;
  CallSite site = nullptr;
};
extern constinit thread_local Send current_send;

// Calls back into the program (blocks, deallocators) send messages of their own; this puts the outer one back.
class KeepSend {
 public:
  KeepSend() : kept_(current_send) {}
  ~KeepSend() { current_send = kept_; }
  KeepSend(const KeepSend&) = delete;
  KeepSend& operator=(const KeepSend&) = delete;

 private:
  Send kept_;
};

// Where the result of a message would go if nothing answered it: zeros.
extern "C" void metalhost_answer_nothing();

// Called by objc_msgSend when a class's table has no entry yet.
extern "C" const void* metalhost_lookup(const void* receiver, SEL selector);

// Whether a call compiled as `caller` may reach a method of type `method`.
bool signatures_agree(const char* caller, const char* method);
// "void (uint64, object)": a signature for people.
std::string readable_signature(const char* types);

}  // namespace metalhost
