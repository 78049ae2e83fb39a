// Values of MPSMatrixMultiplication and MPSMatrixVectorMultiplication.
#include <metalhost/event_log.h>

#include <array>
#include <cmath>

#include "mps/matrices.h"

namespace {

struct ProductCase {
  std::size_t rows, columns, inner, batch;
  bool transpose_left, transpose_right;
  double alpha, beta;
  MPS::DataType source = MPS::DataTypeFloat32, result = MPS::DataTypeFloat32;
};

class Products : public Mps {
 protected:
  void check(const ProductCase& c) {
    SCOPED_TRACE(testing::Message() << c.rows << "x" << c.columns << "x" << c.inner << " batch " << c.batch << " tl"
                                    << c.transpose_left << " tr" << c.transpose_right);
    auto* left = filled(c.transpose_left ? matrix(c.inner, c.rows, c.source, c.batch, 3)
                                         : matrix(c.rows, c.inner, c.source, c.batch, 3));
    auto* right = filled(c.transpose_right ? matrix(c.columns, c.inner, c.source, c.batch, 1)
                                           : matrix(c.inner, c.columns, c.source, c.batch, 1));
    auto* result = filled(matrix(c.rows, c.columns, c.result, c.batch, 2, 64));
    // Of large results about 3,000 elements, in all rows and columns.
    std::size_t count = c.batch * c.rows * c.columns, step = count / 3000 + 1;
    auto at = [&](std::size_t element) {
      return std::array{element / (c.rows * c.columns), element / c.columns % c.rows, element % c.columns};
    };
    std::vector<double> expected;
    for (std::size_t element = 0; element < count; element += step) {
      auto [k, i, j] = at(element);
      double sum = 0;
      for (std::size_t p = 0; p < c.inner; ++p) {
        sum += (c.transpose_left ? get(left, p, i, k) : get(left, i, p, k)) *
               (c.transpose_right ? get(right, j, p, k) : get(right, p, j, k));
      }
      expected.push_back(c.alpha * sum + c.beta * get(result, i, j, k));
    }
    auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, c.transpose_left, c.transpose_right, c.rows,
                                                                 c.columns, c.inner, c.alpha, c.beta));
    run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, left, right, result); });
    double tolerance = c.result == MPS::DataTypeFloat16 ? 1e-3 : 1e-6;
    for (std::size_t element = 0; element < count; element += step) {
      auto [k, i, j] = at(element);
      double value = expected[element / step];
      ASSERT_NEAR(get(result, i, j, k), value, tolerance * (1 + std::abs(value))) << i << "," << j;
    }
  }
};

TEST_F(Products, AllTransposesBatchesAndFactors) {
  for (bool left : {false, true}) {
    for (bool right : {false, true}) {
      check({5, 7, 9, 1, left, right, 1, 0});
      check({33, 17, 20, 3, left, right, 2, 0.5});
      check({6, 16, 1, 2, left, right, -0.5, 1});
      check({1, 70, 130, 1, left, right, 1, -1});
    }
  }
}

TEST_F(Products, EveryPairOfTypesThatMpsTakes) {
  const MPS::DataType pairs[][2] = {
      {MPS::DataTypeFloat32, MPS::DataTypeFloat32}, {MPS::DataTypeFloat16, MPS::DataTypeFloat16},
      {MPS::DataTypeFloat16, MPS::DataTypeFloat32}, {MPS::DataTypeInt8, MPS::DataTypeFloat16},
      {MPS::DataTypeInt8, MPS::DataTypeFloat32},    {MPS::DataTypeInt16, MPS::DataTypeFloat32}};
  for (const auto& pair : pairs) check({13, 19, 31, 2, false, true, 1, 0.5, pair[0], pair[1]});
}

TEST_F(Products, LargerThanOneTileThreadAndChunk) {
  check({64, 2100, 70, 1, false, true, 1, 0});
  check({301, 257, 129, 1, true, false, 1, 1});
}

TEST_F(Products, OriginsChooseTheRegion) {
  auto* left = filled(matrix(8, 9));
  auto* right = filled(matrix(10, 11));
  auto* result = matrix(6, 7);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 7; ++j) set(result, i, j, 99);
  }
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, 2, 3, 4));
  product->setLeftMatrixOrigin({3, 1, 0});
  product->setRightMatrixOrigin({5, 2, 0});
  product->setResultMatrixOrigin({1, 4, 0});
  EXPECT_EQ(product->leftMatrixOrigin().x, 3u);
  EXPECT_EQ(product->rightMatrixOrigin().y, 2u);
  EXPECT_EQ(product->resultMatrixOrigin().y, 4u);
  run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, left, right, result); });
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 7; ++j) {
      double expected = 99;
      if (i >= 1 && i < 3 && j >= 4) {
        expected = 0;
        for (std::size_t p = 0; p < 4; ++p) expected += get(left, 3 + i - 1, 1 + p) * get(right, 5 + p, 2 + j - 4);
      }
      EXPECT_EQ(get(result, i, j), expected) << i << "," << j;
    }
  }
}

TEST_F(Products, BatchStartAndSizeChooseMatrices) {
  auto* left = filled(matrix(2, 2, MPS::DataTypeFloat32, 4));
  auto* right = filled(matrix(2, 2, MPS::DataTypeFloat32, 4));
  auto* result = filled(matrix(2, 2, MPS::DataTypeFloat32, 4));
  double before = get(result, 0, 0, 0), after = get(result, 1, 1, 3);
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, 2, 2, 2));
  product->setBatchStart(1);
  product->setBatchSize(2);
  EXPECT_EQ(product->batchStart(), 1u);
  EXPECT_EQ(product->batchSize(), 2u);
  run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, left, right, result); });
  EXPECT_EQ(get(result, 0, 0, 0), before);
  EXPECT_EQ(get(result, 1, 1, 3), after);
  for (std::size_t k : {1u, 2u}) {
    EXPECT_EQ(get(result, 0, 1, k),
              get(left, 0, 0, k) * get(right, 0, 1, k) + get(left, 0, 1, k) * get(right, 1, 1, k));
  }
}

TEST_F(Products, WithBetaZeroTheResultIsNotRead) {
  auto* left = filled(matrix(3, 3));
  auto* right = filled(matrix(3, 3));
  auto* result = matrix(3, 3);
  for (std::size_t i = 0; i < 9; ++i) set(result, i / 3, i % 3, std::nan(""));
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, 3, 3, 3));
  run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, left, right, result); });
  for (std::size_t i = 0; i < 9; ++i) EXPECT_FALSE(std::isnan(get(result, i / 3, i % 3)));
}

TEST_F(Products, OneKernelIsEncodedManyTimesInOneCommandBuffer) {
  auto* matrix_a = filled(matrix(4, 4));
  auto* matrix_b = filled(matrix(4, 4));
  auto* first = matrix(4, 4);
  auto* second = matrix(4, 4);
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, 4, 4, 4));
  run([&](MTL::CommandBuffer* buffer) {
    product->encodeToCommandBuffer(buffer, matrix_a, matrix_b, first);
    product->encodeToCommandBuffer(buffer, first, matrix_b, second);
  });
  double expected = 0;
  for (std::size_t p = 0; p < 4; ++p) expected += get(first, 2, p) * get(matrix_b, p, 3);
  EXPECT_EQ(get(second, 2, 3), expected);
}

TEST_F(Products, CreatingAKernelIsCountedAndEncodingItCreatesNothing) {
  auto *left = filled(matrix(4, 4)), *right = filled(matrix(4, 4)), *result = matrix(4, 4);
  metalhost::reset_counters();
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, 4, 4, 4));
  EXPECT_EQ(metalhost::counters().creations, 1u);
  run([&](MTL::CommandBuffer* buffer) {
    for (int i = 0; i < 3; ++i) product->encodeToCommandBuffer(buffer, left, right, result);
  });
  EXPECT_EQ(metalhost::counters().externals, 3u);
  EXPECT_EQ(metalhost::counters().creations, 1u);
  EXPECT_EQ(metalhost::counters().buffers, 0u);
}

TEST_F(Products, ACopiedKernelComputesTheSame) {
  auto* left = filled(matrix(3, 4));
  auto* right = filled(matrix(5, 4));
  auto* result = matrix(3, 5);
  auto* copied = matrix(3, 5);
  auto* product = own(MPS::MatrixMultiplication::alloc()->init(device_, false, true, 3, 5, 4, 0.5, 0));
  product->setLabel(NS::String::string("lora", NS::UTF8StringEncoding));
  auto* copy = static_cast<MPS::MatrixMultiplication*>(own(product->copyWithZone(nullptr, nullptr)));
  EXPECT_STREQ(copy->label()->utf8String(), "lora");
  EXPECT_EQ(copy->device(), device_);
  run([&](MTL::CommandBuffer* buffer) {
    product->encodeToCommandBuffer(buffer, left, right, result);
    copy->encodeToCommandBuffer(buffer, left, right, copied);
  });
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(get(copied, i / 5, i % 5), get(result, i / 5, i % 5));
}

TEST_F(Products, MatrixTimesVector) {
  for (auto [source, target] :
       {std::pair{MPS::DataTypeFloat32, MPS::DataTypeFloat32}, std::pair{MPS::DataTypeFloat16, MPS::DataTypeFloat16},
        std::pair{MPS::DataTypeFloat16, MPS::DataTypeFloat32}}) {
    for (bool transpose : {false, true}) {
      auto* a = filled(transpose ? matrix(40, 23, source, 2) : matrix(23, 40, source, 2));
      auto* x = filled(vector(40, source, 2));
      auto* y = filled(vector(23, target, 2));
      std::vector<double> expected;
      for (std::size_t k = 0; k < 2; ++k) {
        for (std::size_t i = 0; i < 23; ++i) {
          double sum = 0;
          for (std::size_t j = 0; j < 40; ++j) sum += (transpose ? get(a, j, i, k) : get(a, i, j, k)) * get(x, j, k);
          expected.push_back(2 * sum + get(y, i, k));
        }
      }
      auto* product = own(MPS::MatrixVectorMultiplication::alloc()->init(device_, transpose, 23, 40, 2, 1));
      run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, a, x, y); });
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(get(y, i % 23, i / 23), expected[i], 1e-3 * (1 + std::abs(expected[i])));
      }
    }
  }
}

TEST_F(Products, VectorOriginsCountElements) {
  auto* a = filled(matrix(4, 4));
  auto* x = filled(vector(6));
  auto* y = filled(vector(6));
  double kept = get(y, 0);
  auto* product = own(MPS::MatrixVectorMultiplication::alloc()->init(device_, 2, 3));
  product->setPrimarySourceMatrixOrigin({1, 1, 0});
  product->setSecondarySourceMatrixOrigin({3, 0, 0});
  product->setResultMatrixOrigin({4, 0, 0});
  run([&](MTL::CommandBuffer* buffer) { product->encodeToCommandBuffer(buffer, a, x, y); });
  EXPECT_EQ(get(y, 0), kept);
  for (std::size_t i = 0; i < 2; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum += get(a, 1 + i, 1 + j) * get(x, 3 + j);
    EXPECT_EQ(get(y, 4 + i), sum);
  }
}

}  // namespace
