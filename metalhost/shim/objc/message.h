// objc_msgSend, with a check of every call's C++ signature.
#pragma once
#include <objc/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif
void objc_msgSend(void);
#if defined(__x86_64__)
void objc_msgSend_stret(void);
void objc_msgSend_fpret(void);
#endif
#ifdef __cplusplus
}

#include <metalhost/signature.h>

// Says which function to call: `send`, or one that does nothing after a report. The return address of this call lies in
// the program under test, since metal-cpp's wrappers are always inlined: it is the report's call site.
extern "C" void (*metalhost_check_send(const void* receiver, SEL selector, const char* types,
                                       void (*send)(void)))(void);

namespace metalhost::shim {
inline constexpr auto real_send = &::objc_msgSend;
#if defined(__x86_64__)
inline constexpr auto real_stret = &::objc_msgSend_stret;
inline constexpr auto real_fpret = &::objc_msgSend_fpret;
#endif

template <class Function, class Result, class... Arguments>
__attribute__((always_inline)) inline Function checked(const void* receiver, SEL selector, void (*send)(void)) {
  return reinterpret_cast<Function>(
      metalhost_check_send(receiver, selector, kSignature<Result, Arguments...>.text, send));
}
}  // namespace metalhost::shim

// Only NS::Object::sendMessage of metal-cpp names these functions. There the template's own names (_Ret, _Args, pObj,
// selector) are in scope, so unpatched headers hand over the signature that the caller compiled.
#define objc_msgSend \
  (*::metalhost::shim::checked<SendMessageProc, _Ret, _Args...>(pObj, selector, ::metalhost::shim::real_send))
#define objc_msgSend_stret \
  (*::metalhost::shim::checked<SendMessageProcStret, _Ret, _Args...>(pObj, selector, ::metalhost::shim::real_stret))
#define objc_msgSend_fpret \
  (*::metalhost::shim::checked<SendMessageProcFpret, _Ret, _Args...>(pObj, selector, ::metalhost::shim::real_fpret))
#endif
