// The part of Apple's Objective-C runtime interface that metal-cpp and bindings in its style use; metalhost implements
// it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__aarch64__) && !defined(__arm64__)
#define __arm64__ 1  // Apple's name for it, which metal-cpp tests
#endif

#ifdef __cplusplus
extern "C" {
#endif
typedef struct objc_class* Class;
struct objc_object {
  Class isa;
};
typedef struct objc_object* id;
typedef struct objc_selector* SEL;
typedef struct objc_method* Method;
typedef struct objc_object Protocol;
typedef signed char BOOL;
#ifndef nil
#define nil NULL
#define Nil NULL
#endif
#ifndef YES
#define YES ((BOOL)1)
#define NO ((BOOL)0)
#endif
typedef void (*IMP)(void);

SEL sel_registerName(const char* name);
const char* sel_getName(SEL selector);
Class objc_lookUpClass(const char* name);
Class objc_getClass(const char* name);
Protocol* objc_getProtocol(const char* name);
Class object_getClass(id object);
const char* class_getName(Class cls);
Method class_getInstanceMethod(Class cls, SEL selector);
const char* method_getTypeEncoding(Method method);
id objc_retain(id object);
void objc_release(id object);
id objc_autorelease(id object);
void* objc_autoreleasePoolPush(void);
void objc_autoreleasePoolPop(void* pool);
#ifdef __cplusplus
}
#endif
