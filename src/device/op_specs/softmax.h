#pragma once

#include <string_view>

namespace temper::specs {

/// x [.., d] -> exp(x - max) / sum exp(x - max) over the last dimension, in x's type; f32 arithmetic for 16-bit types.
/// A row of -infinity gives zeros; a NaN or +infinity anywhere makes its row NaN.
struct Softmax {
  static constexpr std::string_view name = "softmax";
  struct Attrs {};
};

/// dy [.., d], y [.., d] (what softmax returned) -> dx = y (dy - sum(dy y)).
struct SoftmaxBackward {
  static constexpr std::string_view name = "softmax_backward";
  struct Attrs {};
};

/// x [.., d] -> x - max - log(sum exp(x - max)) over the last dimension; a row of -infinity stays -infinity.
struct LogSoftmax {
  static constexpr std::string_view name = "log_softmax";
  struct Attrs {};
};

/// dy [.., d], y [.., d] (what log_softmax returned) -> dx = dy - exp(y) sum(dy).
struct LogSoftmaxBackward {
  static constexpr std::string_view name = "log_softmax_backward";
  struct Attrs {};
};

}  // namespace temper::specs
