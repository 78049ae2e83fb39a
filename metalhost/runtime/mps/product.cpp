// Blocked product: panels of A (kTileRows high) and B (kTileColumns wide) are converted to float and packed so that the
// inner loop reads both in order; one tile of the result is held in registers over all k. 2 M N K flops,
// (M + kChunk) K floats of scratch memory. This file is built with optimisation even where others are not.
#include "runtime/mps/product.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "runtime/mps/parallel.h"

namespace metalhost::mps {
namespace {

constexpr uint64_t kTileRows = 6;
constexpr uint64_t kTileColumns = 16;
constexpr uint64_t kChunk = 2048;    // columns of B packed at a time
constexpr uint64_t kPackedRun = 32;  // what is read of one row before the next: a line or two of cache
constexpr uint64_t kFlopsAThread = 2'000'000;

using Vector8 = float __attribute__((vector_size(32)));

// tile[kTileRows][kTileColumns] = sum over k of left[k][row] * right[k][column].
[[gnu::always_inline]] inline void multiply_tile(const float* left, const float* right, uint64_t inner, float* tile) {
  Vector8 sum[kTileRows][2] = {};
  for (uint64_t k = 0; k < inner; ++k) {
    Vector8 low, high;
    std::memcpy(&low, right, sizeof(low));
    std::memcpy(&high, right + 8, sizeof(high));
    for (uint64_t row = 0; row < kTileRows; ++row) {
      sum[row][0] += low * left[row];
      sum[row][1] += high * left[row];
    }
    left += kTileRows;
    right += kTileColumns;
  }
  for (uint64_t row = 0; row < kTileRows; ++row) {
    std::memcpy(tile + row * kTileColumns, sum[row], sizeof(sum[row]));
  }
}

using TileFunction = void (*)(const float*, const float*, uint64_t, float*);

void multiply_tile_portable(const float* left, const float* right, uint64_t inner, float* tile) {
  multiply_tile(left, right, inner, tile);
}
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void multiply_tile_avx2(const float* left, const float* right, uint64_t inner,
                                                    float* tile) {
  multiply_tile(left, right, inner, tile);
}
#endif

TileFunction choose_tile_function() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &multiply_tile_avx2;
#endif
  return &multiply_tile_portable;
}

uint64_t panels(uint64_t count, uint64_t width) {
  return (count + width - 1) / width;
}

// Panel p of `packed` holds, for each k, `width` entries of op(matrix) from first + p * width on; what is missing is
// zero. T is the element type.
template <class T>
float to_float(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return static_cast<float>(value);
}
struct Half {
  uint16_t bits;
  explicit operator float() const { return half_to_float(bits); }
};

template <class T>
void pack_as(const Elements& matrix, bool k_is_row, uint64_t first, uint64_t count, uint64_t width, uint64_t inner,
             float* packed) {
  uint64_t grain = std::max<uint64_t>(1, 100'000 / (width * inner));
  parallel_for(panels(count, width), grain, [&](uint64_t begin, uint64_t end) {
    for (uint64_t panel = begin; panel < end; ++panel) {
      float* out = packed + panel * width * inner;
      uint64_t there = std::min(width, count - panel * width);
      if (there < width) std::fill(out, out + width * inner, 0.0f);
      if (k_is_row) {
        for (uint64_t k = 0; k < inner; ++k) {
          const std::byte* from = matrix.at(k, first + panel * width);
          for (uint64_t i = 0; i < there; ++i) out[k * width + i] = to_float<T>(from + i * sizeof(T));
        }
      } else {
        for (uint64_t k0 = 0; k0 < inner; k0 += kPackedRun) {
          uint64_t run = std::min(kPackedRun, inner - k0);
          for (uint64_t i = 0; i < there; ++i) {
            const std::byte* from = matrix.at(first + panel * width + i, k0);
            for (uint64_t k = 0; k < run; ++k) out[(k0 + k) * width + i] = to_float<T>(from + k * sizeof(T));
          }
        }
      }
    }
  });
}

void pack(const Elements& matrix, bool k_is_row, uint64_t first, uint64_t count, uint64_t width, uint64_t inner,
          float* out) {
  switch (matrix.type) {
    case DataType::f16:
      return pack_as<Half>(matrix, k_is_row, first, count, width, inner, out);
    case DataType::i8:
      return pack_as<int8_t>(matrix, k_is_row, first, count, width, inner, out);
    case DataType::i16:
      return pack_as<int16_t>(matrix, k_is_row, first, count, width, inner, out);
    default:
      return pack_as<float>(matrix, k_is_row, first, count, width, inner, out);
  }
}

void store_tile(const Product& product, const float* tile, uint64_t row0, uint64_t column0) {
  uint64_t rows = std::min(kTileRows, product.rows - row0);
  uint64_t columns = std::min(kTileColumns, product.columns - column0);
  for (uint64_t i = 0; i < rows; ++i) {
    for (uint64_t j = 0; j < columns; ++j) {
      float value = product.alpha * tile[i * kTileColumns + j];
      if (product.beta != 0) value += product.beta * product.result.load(row0 + i, column0 + j);
      product.result.store(row0 + i, column0 + j, value);
    }
  }
}

}  // namespace

void compute(const Product& product) {
  static const TileFunction kMultiplyTile = choose_tile_function();
  // Not zeroed: pack() fills them.
  uint64_t row_tiles = panels(product.rows, kTileRows);
  uint64_t chunk_tiles = panels(std::min(kChunk, product.columns), kTileColumns);
  auto left = std::make_unique_for_overwrite<float[]>(row_tiles * kTileRows * product.inner);
  auto right = std::make_unique_for_overwrite<float[]>(chunk_tiles * kTileColumns * product.inner);
  pack(product.left, product.transpose_left, 0, product.rows, kTileRows, product.inner, left.get());
  uint64_t grain = std::max<uint64_t>(1, kFlopsAThread / (2 * kTileRows * kTileColumns * product.inner));
  for (uint64_t first = 0; first < product.columns; first += kChunk) {
    uint64_t columns = std::min(kChunk, product.columns - first);
    pack(product.right, !product.transpose_right, first, columns, kTileColumns, product.inner, right.get());
    parallel_for(panels(columns, kTileColumns) * row_tiles, grain, [&](uint64_t begin, uint64_t end) {
      float tile[kTileRows * kTileColumns];
      for (uint64_t index = begin; index < end; ++index) {
        uint64_t row_tile = index % row_tiles, column_tile = index / row_tiles;
        kMultiplyTile(left.get() + row_tile * kTileRows * product.inner,
                      right.get() + column_tile * kTileColumns * product.inner, product.inner, tile);
        store_tile(product, tile, row_tile * kTileRows, first + column_tile * kTileColumns);
      }
    });
  }
}

}  // namespace metalhost::mps
