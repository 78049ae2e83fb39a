#pragma once

// What the sources of the Metal backend use of C++20's library and an old SDK's libc++ (12) has not, so that such an
// SDK can still judge their use of Apple's headers. Included before each source by `./dev check-apple`; nothing else
// uses it.
#include <algorithm>
#include <functional>
#include <iterator>
#include <version>

#if !defined(__cpp_lib_bit_cast)
namespace std {
template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}
}  // namespace std
#endif

#if !defined(__cpp_lib_ranges)
namespace std::ranges {
template <class R, class F>
bool all_of(R&& range, F f) {
  return std::all_of(std::begin(range), std::end(range), f);
}
template <class R, class F>
bool any_of(R&& range, F f) {
  return std::any_of(std::begin(range), std::end(range), f);
}
template <class R, class Out>
void copy(R&& range, Out out) {
  std::copy(std::begin(range), std::end(range), out);
}
template <class R, class T>
void fill(R&& range, const T& value) {
  std::fill(std::begin(range), std::end(range), value);
}
template <class R, class T>
auto find(R&& range, const T& value) {
  return std::find(std::begin(range), std::end(range), value);
}
template <class R, class T, class Member>
auto find(R&& range, const T& value, Member member) {
  return std::find_if(std::begin(range), std::end(range),
                      [&](const auto& x) { return std::invoke(member, x) == value; });
}
template <class R, class F>
auto find_if(R&& range, F f) {
  return std::find_if(std::begin(range), std::end(range), f);
}
}  // namespace std::ranges
#endif
