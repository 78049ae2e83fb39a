#pragma once

#include <Foundation/Foundation.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace temper::metal {

/// Owns one reference to an Objective-C object and gives it back at the end. How the reference was come by decides the
/// constructor: what `new`, `alloc` or `copy` made is adopted; anything else is borrowed or autoreleased, and shared.
template <class T>
class Retained {
 public:
  Retained() = default;
  static Retained adopt(T* object) {
    Retained result;
    result.object_ = object;
    return result;
  }
  static Retained share(T* object) {
    if (object) object->retain();
    return adopt(object);
  }
  Retained(const Retained& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  Retained(Retained&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Retained& operator=(Retained other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Retained() {
    if (object_) object_->release();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

/// Whatever is autoreleased within the scope is released at its end.
class AutoreleaseScope {
 public:
  AutoreleaseScope() : pool_(NS::AutoreleasePool::alloc()->init()) {}
  ~AutoreleaseScope() { pool_->release(); }
  AutoreleaseScope(const AutoreleaseScope&) = delete;
  AutoreleaseScope& operator=(const AutoreleaseScope&) = delete;

 private:
  NS::AutoreleasePool* pool_;
};

/// Autoreleased.
inline const NS::String* text(std::string_view utf8) {
  return NS::String::string(std::string(utf8).c_str(), NS::UTF8StringEncoding);
}

}  // namespace temper::metal
