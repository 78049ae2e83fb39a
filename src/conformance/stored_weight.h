#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "device/context.h"
#include "tensor/half.h"

namespace temper {

/// A frozen weight [rows, columns] on the context's device, stored as f32, f16, bf16 or q8_0. Every type holds the
/// values exactly when they are multiples of 1/64 in [-2, 2), see on_weight_grid().
inline WeightHandle stored_weight(Context& ctx, int64_t rows, int64_t columns, const std::vector<double>& values,
                                  QuantType type) {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  const auto append = [&](const auto& item) {
    const auto* begin = reinterpret_cast<const std::byte*>(&item);
    bytes->insert(bytes->end(), begin, begin + sizeof(item));
  };
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<float>(values[i]);
    if (type == QuantType::f32) append(value);
    if (type == QuantType::f16) append(to_f16(value));
    if (type == QuantType::bf16) append(to_bf16(value));
    if (type != QuantType::q8_0) continue;
    if (i % 32 == 0) append(to_f16(1.0f / 64.0f));  // a block: its scale, then 32 integers
    append(static_cast<int8_t>(std::lround(value * 64.0f)));
  }
  return ctx.backend().prepare_weight(
      {.name = "weight", .type = type, .rows = rows, .columns = columns, .bytes = *bytes, .owner = bytes},
      std::nullopt);
}

/// The nearest multiple of 1/64 in [-2, 2).
inline double on_weight_grid(double value) {
  return std::fmin(std::fmax(std::round(value * 64.0), -128.0), 127.0) / 64.0;
}

}  // namespace temper
