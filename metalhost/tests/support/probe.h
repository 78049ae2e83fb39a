// Messages that metal-cpp would not send.
#pragma once
#include <metalhost/report.h>

#include <Foundation/Foundation.hpp>

struct Probe : NS::Object {
  template <class R, class... A>
  static R send(const void* receiver, const char* selector, A... arguments) {
    return NS::Object::sendMessage<R>(receiver, sel_registerName(selector), arguments...);
  }
};
