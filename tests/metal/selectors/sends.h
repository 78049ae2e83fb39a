// The messages that bindings send, as their compiled C++ signatures say.
#pragma once
#include <string>
#include <vector>

struct Send {
  std::string receiver;  // Objective-C name of the class whose method sends: "MTLBuffer"
  bool to_class;         // +selector rather than -selector
  std::string selector;  // "initWithBuffer:offset:descriptor:"
  std::string types;     // type encoding of the result and of the arguments after self and _cmd: "@@Q@"
};

// Every message that metal-cpp's Foundation and Metal headers and mps.hpp send.
std::vector<Send> binding_sends();

// Messages of a binding with planted mistakes.
std::vector<Send> planted_sends();
