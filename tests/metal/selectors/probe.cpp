// Records what metal-cpp and mps.hpp send; objc_names.cpp stands in for the Objective-C runtime.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#define MPS_PRIVATE_IMPLEMENTATION
#include <Foundation/NSPrivate.hpp>
//
#include <Foundation/NSObject.hpp>
#include <Metal/MTLHeaderBridge.hpp>
#include <Metal/MTLPrivate.hpp>

#include "device/metal/mps/MPSPrivate.hpp"
//
#include "record.h"
//
#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "device/metal/mps.hpp"
//
#include "encoding.h"
#include "planted.h"

// What is a template in metal-cpp is recorded for one argument.
template class NS::Enumerator<NS::String>;
template class NS::Locking<NS::Condition>;
template NS::String* NS::Array::object<NS::String>(NS::UInteger) const;
template NS::String* NS::Dictionary::object<NS::String>(const NS::Object*) const;
template NS::Enumerator<NS::String>* NS::Dictionary::keyEnumerator<NS::String>() const;

template <class T>
void probe::append_encoding(std::string& out) {
  encoding::append<T>(out);
}

std::vector<Send (*)()>& probe::recorded() {
  static std::vector<Send (*)()> entries;
  return entries;
}

namespace {

const std::string kPlanted = "MPSPlanted";

std::vector<Send> sends(bool planted) {
  std::vector<Send> chosen;
  for (Send (*describe)() : probe::recorded()) {
    Send send = describe();
    if (send.receiver.starts_with(kPlanted) != planted) continue;
    if (planted) send.receiver = "MPS" + send.receiver.substr(kPlanted.size());
    chosen.push_back(std::move(send));
  }
  return chosen;
}

}  // namespace

std::vector<Send> binding_sends() {
  return sends(false);
}
std::vector<Send> planted_sends() {
  return sends(true);
}
