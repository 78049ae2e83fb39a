#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "temper/error.h"

namespace temper {

/// Throws Error{code} with a formatted message: `fail(ErrorCode::format, "gguf: tensor '{}': ...", name)`.
template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace temper

/// For our own bugs only; what a user or a file did wrong is an Error. Active in every build.
#define TEMPER_ASSERT(expression) ((expression) ? (void)0 : ::temper::assertion_failed(#expression, __FILE__, __LINE__))
