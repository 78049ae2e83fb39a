// Makes every message send of metal-cpp's unpatched headers known at start-up, without executing one.
//
// Include after Foundation/NSPrivate.hpp, NSObject.hpp and Metal/MTLPrivate.hpp and before all other bindings. From
// here on a binding's `Object::sendMessage<R>(receiver, _MTL_PRIVATE_SEL(x), arguments...)` means
// ProbeObject::sendMessage, whose template arguments hold everything: result, receiver, selector variable and
// arguments. The bindings' functions are not templates, so the compiler instantiates sendMessage for each send that the
// headers spell out, called or not; each instantiation registers itself.
#pragma once
#include <cstdlib>
#include <string>
#include <string_view>

#include "sends.h"

namespace probe {

// How to describe each send, once static initialisers have filled the selector and class variables.
std::vector<Send (*)()>& recorded();

// A selector or class variable of a binding, as a type.
template <SEL* kVariable>
struct Selector {
  operator SEL() const { return *kVariable; }
};
template <void** kVariable>
struct ClassObject {
  operator const void*() const { return *kVariable; }
};

template <class T>
void append_encoding(std::string& out);

// "MTL::Buffer" -> "MTLBuffer", "NS::Enumerator<NS::String>" -> "NSEnumerator".
template <class T>
std::string objc_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text = text.substr(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of("<];"));
  std::string name;
  for (char c : text) {
    if (c != ':') name += c;
  }
  return name == "NSProbeObject" ? "NSObject" : name;
}
template <class Receiver>
struct Receives;
template <class T>
struct Receives<T*> {
  static constexpr bool kToClass = false;
  static std::string name() { return objc_name<std::remove_cv_t<T>>(); }
};
template <void** kVariable>
struct Receives<ClassObject<kVariable>> {
  static constexpr bool kToClass = true;
  static std::string name() { return static_cast<const char*>(*kVariable); }  // see objc_names.cpp
};

template <class R, class Receiver, class Selector, class... A>
struct Entry;
template <class R, class Receiver, SEL* kVariable, class... A>
struct Entry<R, Receiver, Selector<kVariable>, A...> {
  static Send describe() {
    Send send{Receives<Receiver>::name(), Receives<Receiver>::kToClass, sel_getName(*kVariable), {}};
    append_encoding<R>(send.types);
    (append_encoding<A>(send.types), ...);
    return send;
  }
  static bool add() {
    recorded().push_back(&describe);
    return true;
  }
  static inline const bool added = add();
};

}  // namespace probe

namespace NS {
class ProbeObject : public Object {
 public:
  using Object::alloc;
  using Object::bridgingCast;
  using Object::methodSignatureForSelector;
  using Object::respondsToSelector;

  // Static here, since the bindings' classes derive from Object only.
  template <class T>
  static T* init() {
    std::abort();
  }

  // `used`: emitted although nothing calls it, and with it the entry's initialiser.
  template <class R, class Receiver, class Selector, class... A>
  [[gnu::used]] static R sendMessage(Receiver, Selector, A...) {
    if (!probe::Entry<R, Receiver, Selector, A...>::added) std::abort();
    std::abort();
  }
  template <class R, class Receiver, class Selector, class... A>
  static R sendMessageSafe(Receiver receiver, Selector selector, A... arguments) {
    return sendMessage<R>(receiver, selector, arguments...);
  }
};
}  // namespace NS
namespace MTL {
using NS::ProbeObject;
}
namespace MTL4 {
using NS::ProbeObject;
}
namespace CA {
using NS::ProbeObject;
}
namespace MPS {
using NS::ProbeObject;
}

#define Object ProbeObject

#undef _NS_PRIVATE_SEL
#define _NS_PRIVATE_SEL(accessor) (::probe::Selector<&::NS::Private::Selector::s_k##accessor>{})
#undef _NS_PRIVATE_CLS
#define _NS_PRIVATE_CLS(symbol) (::probe::ClassObject<&::NS::Private::Class::s_k##symbol>{})
#undef _MTL_PRIVATE_SEL
#define _MTL_PRIVATE_SEL(accessor) (::probe::Selector<&::MTL::Private::Selector::s_k##accessor>{})
#undef _MTL_PRIVATE_CLS
#define _MTL_PRIVATE_CLS(symbol) (::probe::ClassObject<&::MTL::Private::Class::s_k##symbol>{})
#undef _MPS_PRIVATE_SEL
#define _MPS_PRIVATE_SEL(accessor) (::probe::Selector<&::MPS::Private::Selector::s_k##accessor>{})
#undef _MPS_PRIVATE_CLS
#define _MPS_PRIVATE_CLS(symbol) (::probe::ClassObject<&::MPS::Private::Class::s_k##symbol>{})
