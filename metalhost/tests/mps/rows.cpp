// Values of softmax, log-softmax, their gradient and top-k.
#include <cmath>

#include "mps/matrices.h"

namespace {

class Rows : public Mps {
 protected:
  static std::vector<double> softmax(const MPS::Matrix* m, std::size_t i, std::size_t from, std::size_t to,
                                     std::size_t k = 0) {
    double largest = -INFINITY, sum = 0;
    for (std::size_t j = from; j < to; ++j) largest = std::max(largest, get(m, i, j, k));
    std::vector<double> row;
    for (std::size_t j = from; j < to; ++j) row.push_back(std::exp(get(m, i, j, k) - largest));
    for (double value : row) sum += value;
    for (double& value : row) value /= sum;
    return row;
  }
};

TEST_F(Rows, SoftMaxOfEachRowOfEachMatrix) {
  for (auto type : {MPS::DataTypeFloat32, MPS::DataTypeFloat16}) {
    auto* source = filled(matrix(7, 33, type, 2, 5));
    auto* result = matrix(7, 33, type, 2);
    set(source, 3, 4, 300);  // exp would overflow
    auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
    run([&](MTL::CommandBuffer* buffer) { kernel->encodeToCommandBuffer(buffer, source, result); });
    for (std::size_t k = 0; k < 2; ++k) {
      for (std::size_t i = 0; i < 7; ++i) {
        auto expected = softmax(source, i, 0, 33, k);
        for (std::size_t j = 0; j < 33; ++j) {
          EXPECT_NEAR(get(result, i, j, k), expected[j], type == MPS::DataTypeFloat16 ? 1e-3 : 1e-6);
        }
      }
    }
  }
}

TEST_F(Rows, LogSoftMaxOfAnOrigin) {
  auto* source = filled(matrix(5, 10));
  auto* result = matrix(4, 8);
  auto* kernel = own(MPS::MatrixLogSoftMax::alloc()->init(device_));
  kernel->setSourceMatrixOrigin({1, 2, 0});
  kernel->setSourceRows(3);
  kernel->setSourceColumns(6);
  kernel->setResultMatrixOrigin({1, 1, 0});
  EXPECT_EQ(kernel->sourceRows(), 3u);
  EXPECT_EQ(kernel->sourceColumns(), 6u);
  EXPECT_EQ(kernel->sourceMatrixOrigin().y, 2u);
  auto* copy = static_cast<MPS::MatrixLogSoftMax*>(own(kernel->copyWithZone(nullptr, device_)));
  auto* again = matrix(4, 8);
  run([&](MTL::CommandBuffer* buffer) {
    kernel->encodeToCommandBuffer(buffer, source, result);
    copy->encodeToCommandBuffer(buffer, source, again);
  });
  for (std::size_t i = 0; i < 3; ++i) {
    auto expected = softmax(source, 1 + i, 2, 8);
    for (std::size_t j = 0; j < 6; ++j) {
      EXPECT_NEAR(get(result, 1 + i, 1 + j), std::log(expected[j]), 1e-5);
      EXPECT_EQ(get(again, 1 + i, 1 + j), get(result, 1 + i, 1 + j));
    }
  }
}

TEST_F(Rows, SoftMaxWorksInPlace) {
  auto* source = filled(matrix(3, 4));
  auto expected = softmax(source, 2, 0, 4);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  run([&](MTL::CommandBuffer* buffer) { kernel->encodeToCommandBuffer(buffer, source, source); });
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(get(source, 2, j), expected[j], 1e-6);
}

TEST_F(Rows, SoftMaxGradient) {
  auto* source = filled(matrix(6, 20));
  auto* output = matrix(6, 20);
  auto* gradient = filled(matrix(6, 20));
  auto* result = matrix(6, 20);
  auto* forward = own(MPS::MatrixSoftMax::alloc()->init(device_));
  auto* backward = own(MPS::MatrixSoftMaxGradient::alloc()->init(device_));
  run([&](MTL::CommandBuffer* buffer) {
    forward->encodeToCommandBuffer(buffer, source, output);
    backward->encodeToCommandBuffer(buffer, gradient, output, result);
  });
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 20; ++j) sum += get(gradient, i, j) * get(output, i, j);
    for (std::size_t j = 0; j < 20; ++j) {
      EXPECT_NEAR(get(result, i, j), get(output, i, j) * (get(gradient, i, j) - sum), 1e-6);
    }
  }
}

TEST_F(Rows, TopKFindsTheLargestWithTheirColumns) {
  auto* source = matrix(2, 7);
  const double values[] = {6, 3, 8, 1, 9, 4, 5};
  for (std::size_t j = 0; j < 7; ++j) {
    set(source, 0, j, values[j]);
    set(source, 1, j, -values[j]);
  }
  auto* indices = matrix(2, 3, MPS::DataTypeUInt32);
  auto* found = matrix(2, 3);
  auto* kernel = own(MPS::MatrixFindTopK::alloc()->init(device_, 3));
  kernel->setSourceMatrixOrigin({0, 2, 0});
  kernel->setIndexOffset(2);
  EXPECT_EQ(kernel->numberOfTopKValues(), 3u);
  EXPECT_EQ(kernel->indexOffset(), 2u);
  run([&](MTL::CommandBuffer* buffer) { kernel->encodeToCommandBuffer(buffer, source, indices, found); });
  const double expected_values[2][3] = {{9, 8, 5}, {-1, -4, -5}};
  const double expected_indices[2][3] = {{4, 2, 6}, {3, 5, 6}};
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(get(found, i, k), expected_values[i][k]);
      EXPECT_EQ(get(indices, i, k), expected_indices[i][k]);
    }
  }
}

TEST_F(Rows, OfEqualValuesTheFirstIsFound) {
  auto* source = matrix(1, 40);
  for (std::size_t j = 0; j < 40; ++j) set(source, 0, j, j % 3);
  auto* indices = matrix(1, 16, MPS::DataTypeUInt32);
  auto* found = matrix(1, 16);
  auto* kernel = own(MPS::MatrixFindTopK::alloc()->init(device_, 1));
  kernel->setNumberOfTopKValues(16);
  run([&](MTL::CommandBuffer* buffer) { kernel->encodeToCommandBuffer(buffer, source, indices, found); });
  EXPECT_EQ(get(indices, 0, 0), 2);
  EXPECT_EQ(get(indices, 0, 12), 38);
  EXPECT_EQ(get(found, 0, 13), 1);
}

}  // namespace
