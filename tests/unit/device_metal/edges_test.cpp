// Products and rows at the edges of what MPS takes.
#include <sys/mman.h>

#include <array>
#include <cmath>
#include <limits>

#include "device/metal/mps_product.h"
#include "metal_fixture.h"
#include "ops/copy.h"
#include "ops/matmul.h"
#include "ops/softmax.h"
#include "ops/view.h"

namespace temper {
namespace {

using testing::error_of;
using testing::metal_backend;
using testing::numbers;

std::vector<double> product(const std::vector<float>& a, const std::vector<float>& b, size_t m, size_t n, size_t k) {
  std::vector<double> y(m * n);
  for (size_t i = 0; i < m; ++i)
    for (size_t t = 0; t < k; ++t)
      for (size_t j = 0; j < n; ++j) y[i * n + j] += double{a[i * k + t]} * double{b[t * n + j]};
  return y;
}

void expect_product(int64_t m, int64_t n, int64_t k) {
  SCOPED_TRACE(::testing::Message() << "[" << m << "," << k << "] x [" << k << "," << n << "]");
  Context ctx(metal_backend());
  const auto a = numbers(static_cast<size_t>(m * k), 1), b = numbers(static_cast<size_t>(k * n), 2);
  const auto got = read<float>(ctx, matmul(ctx, upload(ctx, a, {m, k}), upload(ctx, b, {k, n})));
  const auto expected = product(a, b, static_cast<size_t>(m), static_cast<size_t>(n), static_cast<size_t>(k));
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(double{got[i]}, expected[i], 1e-6 * static_cast<double>(k) + 1e-4) << "element " << i;
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST(MetalMatmul, Basic) {
  Context ctx(metal_backend());
  const Tensor a = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(read<float>(ctx, matmul(ctx, a, a)), (std::vector<float>{7, 10, 15, 22}));
}

TEST(MetalMatmul, Creation) {
  Context ctx(metal_backend());
  const Tensor a = upload(ctx, numbers(6, 1), {2, 3}), b = upload(ctx, numbers(12, 2), {3, 4});
  const Tensor y = matmul(ctx, a, b);
  EXPECT_EQ(y.shape(), (Shape{2, 4}));
  EXPECT_EQ(y.dtype(), DType::f32);
  EXPECT_EQ(y.device(), (Device{DeviceType::metal, 0}));
}

TEST(MetalMatmul, DimensionMismatch) {
  Context ctx(metal_backend());
  const Tensor a = upload(ctx, numbers(6, 1), {2, 3});
  const std::string text = error_of(ErrorCode::shape_mismatch, [&] { matmul(ctx, a, a); });
  EXPECT_NE(text.find("matmul"), std::string::npos) << text;
  EXPECT_NE(text.find("2,3"), std::string::npos) << text;
}

TEST(MetalMatmul, Correctness) {
  expect_product(33, 17, 65);
  expect_product(64, 64, 64);
}

TEST(MetalMatmul, OneRowOrColumn) {
  expect_product(1, 50, 30);
  expect_product(50, 1, 30);
  expect_product(1, 1, 30);
  expect_product(7, 5, 1);
}

TEST(MetalMatmul, SizesAcross32768) {
  for (const int64_t size : {32767, 32768, 32769}) {
    expect_product(size, 2, 3);
    expect_product(2, size, 3);
    expect_product(2, 2, size);
  }
}

TEST(MetalMatmul, LongSumsGoInParts) {
  for (const int64_t k : {32766, 32767, 32768}) {
    expect_product(15, 16, k);
    expect_product(16, 16, k);
  }
}

/// Pages of zeros that take no memory until somebody writes to them.
std::shared_ptr<std::byte> zero_pages(size_t bytes) {
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  return {static_cast<std::byte*>(pages), [bytes](std::byte* begin) { munmap(begin, bytes); }};
}

TEST(MetalMatmul, ProductsOfTwoGibibytesGoInTiles) {
  // (m + 2 k) n * 4 passes 2^31, where an M1 gives bands of NaN; m = 2 keeps it a matrix times a matrix.
  constexpr int64_t m = 2, k = 1 << 14, n = 1 << 14;
  static_assert((m + 2 * k) * n * 4 >= int64_t{1} << 31);
  constexpr size_t bytes = size_t{k} * n * sizeof(float);
  const auto pages = zero_pages(bytes);
  ASSERT_TRUE(pages);
  auto* const b = reinterpret_cast<float*>(pages.get());
  // In the first and last columns of the tiles, and in the first and last rows.
  const std::vector<int64_t> columns{0, 8190, 8191, 8192, n - 1};
  for (const int64_t column : columns) b[column] = 2, b[(k - 1) * n + column] = 3;
  Context ctx(metal_backend());
  const auto a = numbers(size_t{m} * k, 1);
  const Tensor right(metal_backend()->import_memory({pages.get(), bytes}, pages), spec(DType::f32, {k, n}));
  const auto got = read<float>(ctx, matmul(ctx, upload(ctx, a, {m, k}), right));
  std::vector<float> expected(size_t{m} * n);
  for (int64_t i = 0; i < m; ++i)
    for (const int64_t column : columns)
      expected[static_cast<size_t>(i * n + column)] =
          2 * a[static_cast<size_t>(i * k)] + 3 * a[static_cast<size_t>(i * k + k - 1)];
  EXPECT_TRUE(got == expected);
  EXPECT_GE(ctx.counters().dispatches, 3);
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST(MetalMatmul, Empty) {
  Context ctx(metal_backend());
  EXPECT_TRUE(
      read<float>(ctx, matmul(ctx, upload(ctx, std::vector<float>{}, {0, 3}), upload(ctx, numbers(6, 1), {3, 2})))
          .empty());
  // A sum of no terms is 0.
  EXPECT_EQ(read<float>(
                ctx, matmul(ctx, upload(ctx, std::vector<float>{}, {2, 0}), upload(ctx, std::vector<float>{}, {0, 1}))),
            (std::vector<float>{0, 0}));
}

TEST(MetalMatmul, ViewsAtAnOffset) {
  Context ctx(metal_backend());
  const auto whole = numbers(60, 3);
  const Tensor x = upload(ctx, whole, {6, 10});
  const Tensor a = slice(ctx, slice(ctx, x, 0, 1, 4), 1, 3, 8);                   // [3, 5] within
  const Tensor b = transpose(ctx, slice(ctx, slice(ctx, x, 0, 2, 6), 1, 5, 10));  // [5, 4]
  const auto got = read<float>(ctx, matmul(ctx, a, b));
  const auto expected = product(read<float>(ctx, a), read<float>(ctx, b), 3, 4, 5);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(double{got[i]}, expected[i], 1e-5);
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST(MetalPieces, LongSumsSplitFrom32767) {
  EXPECT_EQ(metal::pieces_of(16, 16, 32766, 4).interior_part, 32766);
  EXPECT_EQ(metal::pieces_of(16, 16, 32767, 4).interior_part, 16384);
  EXPECT_EQ(metal::pieces_of(15, 16, 32767, 4).interior_part, 32767);
  EXPECT_EQ(metal::pieces_of(16, 15, 32767, 4).interior_part, 32767);
}

TEST(MetalPieces, LargeProductsGoInColumnTilesOfAGibibyte) {
  // (m + 2 k) * 4 = 2^15 bytes a column, so 2^15 columns fill 2^30.
  const int64_t m = 4096, k = 2048, fits = 1 << 15;
  EXPECT_EQ(metal::pieces_of(m, fits, k, 4).column_tile, fits);
  EXPECT_EQ(metal::pieces_of(m, fits + 1, k, 4).column_tile, fits);
  EXPECT_EQ(metal::pieces_of(m, 2 * fits, k, 2).column_tile, 2 * fits);
  EXPECT_EQ(metal::pieces_of(m, 2 * fits + 1, k, 2).column_tile, 2 * fits);
}

TEST(MetalPieces, RowsAndTermsAreSplitWhereOneColumnIsLarger) {
  const int64_t gibibyte = int64_t{1} << 30;
  for (const auto& [m, n, k] : {std::array{gibibyte, int64_t{4}, int64_t{1}},
                                {int64_t{2}, int64_t{2}, gibibyte},
                                {gibibyte, int64_t{1}, gibibyte},
                                {gibibyte / 4, int64_t{3}, int64_t{8}}})
    for (const size_t element : {2u, 4u}) {
      const metal::Pieces pieces = metal::pieces_of(m, n, k, element);
      EXPECT_LE((pieces.row_tile + 2 * pieces.interior_part) * pieces.column_tile * static_cast<int64_t>(element),
                gibibyte)
          << m << " x " << n << " x " << k;
      EXPECT_GT(pieces.row_tile, 0);
      EXPECT_GT(pieces.column_tile, 0);
      EXPECT_GT(pieces.interior_part, 0);
    }
  EXPECT_EQ(metal::pieces_of(gibibyte / 4 - 2, 4, 1, 4).row_tile, gibibyte / 4 - 2);
  EXPECT_EQ(metal::pieces_of(gibibyte / 4 - 1, 4, 1, 4).row_tile, gibibyte / 4 - 2);
}

TEST(MetalPieces, AddUpToTheWholeProduct) {
  constexpr int64_t m = 5, n = 7, k = 6;
  const auto a = numbers(m * k, 1), b = numbers(k * n, 2);
  std::vector<float> expected;
  for (const double value : product(a, b, m, n, k)) expected.push_back(static_cast<float>(value));
  for (const bool trans_left : {false, true})
    for (const bool trans_right : {false, true})
      for (const metal::Pieces pieces :
           {metal::Pieces{7, 5, 6}, {3, 5, 6}, {7, 2, 6}, {7, 5, 4}, {2, 3, 5}, {1, 1, 1}}) {
        Context ctx(metal_backend());
        Tensor x = upload(ctx, a, {m, k}), y = upload(ctx, b, {k, n}), z = upload(ctx, numbers(m * n, 3), {m, n});
        if (trans_left) x = contiguous(ctx, transpose(ctx, x));
        if (trans_right) y = contiguous(ctx, transpose(ctx, y));
        const Operand in[] = {operand(x), operand(y)}, out[] = {operand(z)};
        const metal::Product whole{.left = *metal::rows_of(in[0], "x"),
                                   .right = *metal::rows_of(in[1], "y"),
                                   .result = *metal::rows_of(out[0], "z"),
                                   .trans_left = trans_left,
                                   .trans_right = trans_right};
        metal::MetalEncoder& encoder = metal::metal_encoder(ctx.stream().encoder());
        encoder.external("matmul", in, out, {}, [&](metal::OpenCommands& commands) {
          metal::encode_product(commands, encoder.mps(), whole, pieces);
        });
        EXPECT_EQ(read<float>(ctx, z), expected)
            << pieces.row_tile << " x " << pieces.column_tile << " x " << pieces.interior_part;
      }
}

TEST(MetalSoftmax, ARowOfMinusInfinityIsZeros) {
  Context ctx(metal_backend());
  const float low = -std::numeric_limits<float>::infinity();
  const Tensor x = upload(ctx, std::vector<float>{low, low, low, 0, 0, low}, {2, 3});
  EXPECT_EQ(read<float>(ctx, softmax(ctx, x)), (std::vector<float>{0, 0, 0, 0.5f, 0.5f, 0}));
  const auto logs = read<float>(ctx, log_softmax(ctx, x));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(logs[i], low);
  EXPECT_TRUE(ctx.counters().placed.empty());
}

TEST(MetalErrors, MixedDevicesNameBoth) {
  Context ctx(metal_backend());
  Context cpu(open_backend({DeviceType::cpu, 0}));
  const Tensor here = upload(ctx, numbers(4, 1), {2, 2}), there = upload(cpu, numbers(4, 1), {2, 2});
  const std::string text = error_of(ErrorCode::device_mismatch, [&] { matmul(ctx, here, there); });
  EXPECT_NE(text.find("metal:0"), std::string::npos) << text;
  EXPECT_NE(text.find("cpu:0"), std::string::npos) << text;
}

}  // namespace
}  // namespace temper
