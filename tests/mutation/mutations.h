#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Small deliberate mistakes in Metal kernels: what a test suite must notice (DeMillo, Lipton and Sayward 1978).
namespace temper::mutation {

enum class Operator {
  drop_barrier,       ///< threadgroup_barrier(..), simdgroup_barrier(..): removed
  shift_index,        ///< x[i]: x[(i) + 1], x[(i) - 1]
  change_bound,       ///< a < b: a <= b, a + 1 < b; the same for >, <=, >=
  swap_operand,       ///< a - b: b - a; a + b: a - b; a * b: a + b; a / b: b / a
  drop_accumulation,  ///< s += x: s = x; m = max(m, x): m = (x)
};
std::string_view name_of(Operator op);

/// One mistake: `length` characters at `offset` become `replacement`.
struct Mutation {
  Operator op{};
  size_t offset = 0;
  size_t length = 0;
  std::string replacement;
  int line = 0;  ///< from 1

  std::string applied_to(std::string_view text) const;
};

/// Every mistake that the operators make in a source, in its order. Comments, preprocessor directives, attributes,
/// template arguments and the extents of declared arrays are left alone.
std::vector<Mutation> mutations_of(std::string_view text);

}  // namespace temper::mutation
