// Values of MPSMatrixSum and MPSMatrixCopy, and the properties of matrices and vectors.
#include <cmath>

#include "mps/matrices.h"

namespace {

class SumsAndCopies : public Mps {
 protected:
  static NS::Array* array(std::initializer_list<const MPS::Matrix*> matrices) {
    std::vector<const NS::Object*> objects;
    for (const MPS::Matrix* matrix : matrices) objects.push_back(matrix);
    return NS::Array::array(objects.data(), objects.size());
  }
};

TEST_F(SumsAndCopies, SumOfScaledMatricesWithBiasAndActivation) {
  auto* first = filled(matrix(4, 6));
  auto* second = filled(matrix(5, 8));
  auto* scales = filled(vector(3));
  auto* offsets = vector(6, MPS::DataTypeUInt32);
  for (std::size_t i = 0; i < 6; ++i) set(offsets, i, i < 4 ? 0 : i == 4 ? 1 : 2);  // the second starts at {1, 2}
  for (bool transpose : {false, true}) {
    auto* bias = filled(vector(transpose ? 4 : 6));
    auto* result = matrix(8, 8);
    auto* sum = own(MPS::MatrixSum::alloc()->init(device_, 2, 4, 6, transpose));
    EXPECT_EQ(sum->count(), 2u);
    EXPECT_EQ(sum->rows(), 4u);
    EXPECT_EQ(sum->columns(), 6u);
    EXPECT_EQ(sum->transpose(), transpose);
    sum->setResultMatrixOrigin({1, 2, 0});
    sum->setNeuronType(MPS::CNNNeuronTypeReLU, 0.25f, 0, 0);
    EXPECT_EQ(sum->neuronType(), MPS::CNNNeuronTypeReLU);
    EXPECT_EQ(sum->neuronParameterA(), 0.25f);
    run([&](MTL::CommandBuffer* buffer) {
      sum->encodeToCommandBuffer(buffer, array({first, second}), result, scales, offsets, bias, 1);
    });
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 6; ++j) {
        std::size_t row = transpose ? j : i, column = transpose ? i : j;
        double value =
            get(scales, 1) * get(first, i, j) + get(scales, 2) * get(second, i + 1, j + 2) + get(bias, column);
        EXPECT_NEAR(get(result, 1 + row, 2 + column), value >= 0 ? value : 0.25 * value, 1e-6);
      }
    }
  }
}

TEST_F(SumsAndCopies, ASumNeedsNeitherScalesNorOffsets) {
  auto* first = filled(matrix(3, 3, MPS::DataTypeFloat16));
  auto* second = filled(matrix(3, 3, MPS::DataTypeFloat16));
  double expected = get(first, 1, 2) + get(second, 1, 2);
  auto* sum = own(MPS::MatrixSum::alloc()->init(device_, 2, 3, 3, false));
  run([&](MTL::CommandBuffer* buffer) {
    sum->encodeToCommandBuffer(buffer, array({first, second}), first, nullptr, nullptr, nullptr, 0);
  });
  EXPECT_EQ(get(first, 1, 2), expected);
}

TEST_F(SumsAndCopies, Activations) {
  struct Activation {
    MPS::CNNNeuronType type;
    float a, b, c;
    std::function<double(double)> f;
  };
  const Activation activations[] = {
      {MPS::CNNNeuronTypeLinear, 2, 3, 0, [](double x) { return 2 * x + 3; }},
      {MPS::CNNNeuronTypeSigmoid, 0, 0, 0, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {MPS::CNNNeuronTypeHardSigmoid, 0.5, 0.25, 0, [](double x) { return std::clamp(x / 2 + 0.25, 0.0, 1.0); }},
      {MPS::CNNNeuronTypeTanH, 2, 0.5, 0, [](double x) { return 2 * std::tanh(x / 2); }},
      {MPS::CNNNeuronTypeAbsolute, 0, 0, 0, [](double x) { return std::abs(x); }},
      {MPS::CNNNeuronTypeSoftPlus, 1, 2, 0, [](double x) { return std::log1p(std::exp(2 * x)); }},
      {MPS::CNNNeuronTypeSoftSign, 0, 0, 0, [](double x) { return x / (1 + std::abs(x)); }},
      {MPS::CNNNeuronTypeELU, 0.5, 0, 0, [](double x) { return x >= 0 ? x : 0.5 * std::expm1(x); }},
      {MPS::CNNNeuronTypeReLUN, 0.5, 1, 0, [](double x) { return std::min(x >= 0 ? x : x / 2, 1.0); }},
      {MPS::CNNNeuronTypePower, 1, 4, 2, [](double x) { return std::pow(x + 4, 2); }},
      {MPS::CNNNeuronTypeExponential, 1, 1, 2, [](double x) { return std::exp2(x + 1); }},
      {MPS::CNNNeuronTypeLogarithm, 1, 4, 2, [](double x) { return std::log2(x + 4); }},
      {MPS::CNNNeuronTypeGeLU, 0, 0, 0, [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
  };
  auto* source = filled(matrix(2, 20));
  for (const Activation& activation : activations) {
    auto* result = matrix(2, 20);
    auto* sum = own(MPS::MatrixSum::alloc()->init(device_, 1, 2, 20, false));
    sum->setNeuronType(activation.type, activation.a, activation.b, activation.c);
    run([&](MTL::CommandBuffer* buffer) {
      sum->encodeToCommandBuffer(buffer, array({source}), result, nullptr, nullptr, nullptr, 0);
    });
    for (std::size_t j = 0; j < 40; ++j) {
      EXPECT_NEAR(get(result, j / 20, j % 20), activation.f(get(source, j / 20, j % 20)), 1e-5) << activation.type;
    }
  }
}

TEST_F(SumsAndCopies, CopiesARegionAndTransposesIt) {
  auto* source = filled(matrix(6, 7));
  for (bool from_transposed : {false, true}) {
    for (bool to_transposed : {false, true}) {
      auto* target = matrix(7, 6);
      auto* copy = own(MPS::MatrixCopy::alloc()->init(device_, 2, 3, from_transposed, to_transposed));
      EXPECT_EQ(copy->copyRows(), 2u);
      EXPECT_EQ(copy->copyColumns(), 3u);
      EXPECT_EQ(copy->sourcesAreTransposed(), from_transposed);
      EXPECT_EQ(copy->destinationsAreTransposed(), to_transposed);
      run([&](MTL::CommandBuffer* buffer) {
        copy->encodeToCommandBuffer(buffer, MPS::MatrixCopyDescriptor::descriptor(source, target, {1, 2, 3, 1}));
      });
      for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
          double from = from_transposed ? get(source, 1 + j, 2 + i) : get(source, 1 + i, 2 + j);
          double to = to_transposed ? get(target, 3 + j, 1 + i) : get(target, 3 + i, 1 + j);
          EXPECT_EQ(to, from) << i << "," << j << from_transposed << to_transposed;
        }
      }
      EXPECT_EQ(get(target, 0, 0), 0);
    }
  }
}

TEST_F(SumsAndCopies, CopiesSeveralWithOffsetsFromTheGpuAndPermutedRows) {
  auto* first = filled(matrix(4, 4));
  auto* second = filled(matrix(4, 4));
  auto* target = matrix(8, 4);
  auto* offsets = vector(12, MPS::DataTypeUInt32);
  const uint32_t packed[12] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0};  // the first four are skipped by the byte offset
  for (std::size_t i = 0; i < 12; ++i) set(offsets, i, packed[i]);
  auto* rows = vector(3, MPS::DataTypeUInt32);
  for (std::size_t i = 0; i < 3; ++i) set(rows, i, i == 0 ? 7 : 2 - static_cast<int>(i));  // 7 is skipped; then 1, 0
  auto* descriptor =
      own(MPS::MatrixCopyDescriptor::alloc()->init(array({first, second}), array({target, target}), offsets, 16));
  auto* copy = own(MPS::MatrixCopy::alloc()->init(device_, 2, 4, false, false));
  // Both copies write the same matrix: the runtime sees one range each time, so they go one by one.
  auto* alone = own(MPS::MatrixCopyDescriptor::alloc()->init(array({first}), array({target}), offsets, 16));
  run([&](MTL::CommandBuffer* buffer) { copy->encodeToCommandBuffer(buffer, alone, rows, 1, nullptr, 0); });
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_EQ(get(target, 0, j), get(first, 2, j));
    EXPECT_EQ(get(target, 1, j), get(first, 1, j));
  }
  EXPECT_NE(descriptor, nullptr);
}

TEST_F(SumsAndCopies, OperationsAreSetOneByOne) {
  auto* source = filled(matrix(2, 2));
  auto* target = matrix(2, 4);
  auto* descriptor = own(MPS::MatrixCopyDescriptor::alloc()->init(device_, 2));
  descriptor->setCopyOperation(0, source, target, {0, 0, 0, 0});
  descriptor->setCopyOperation(1, source, target, {0, 0, 0, 2});
  auto* copy = own(MPS::MatrixCopy::alloc()->init(device_, 2, 2, false, false));
  run([&](MTL::CommandBuffer* buffer) { copy->encodeToCommandBuffer(buffer, descriptor); });
  for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(get(target, 1, j), get(source, 1, j % 2));
}

TEST_F(SumsAndCopies, MatricesAndVectorsTellTheirShape) {
  EXPECT_EQ(MPS::MatrixDescriptor::rowBytesForColumns(19, MPS::DataTypeFloat32), 80u);
  EXPECT_EQ(MPS::VectorDescriptor::vectorBytesForLength(16, MPS::DataTypeFloat16), 32u);
  auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(3, 5, 32, MPS::DataTypeFloat32);
  EXPECT_EQ(descriptor->matrices(), 1u);
  EXPECT_EQ(descriptor->matrixBytes(), 96u);
  descriptor->setRows(2);
  descriptor->setColumns(4);
  descriptor->setRowBytes(16);
  descriptor->setDataType(MPS::DataTypeFloat16);
  EXPECT_EQ(descriptor->rows(), 2u);
  EXPECT_EQ(descriptor->columns(), 4u);
  EXPECT_EQ(descriptor->rowBytes(), 16u);
  EXPECT_EQ(descriptor->dataType(), MPS::DataTypeFloat16);
  auto* lazily = own(MPS::Matrix::alloc()->init(device_, descriptor));
  EXPECT_EQ(lazily->rows(), 2u);
  EXPECT_EQ(lazily->columns(), 4u);
  EXPECT_EQ(lazily->matrices(), 1u);
  EXPECT_EQ(lazily->device(), device_);
  EXPECT_EQ(lazily->resourceSize(), 16u + 8u);
  EXPECT_EQ(lazily->data()->length(), 24u);
  auto* over = matrix(2, 2, MPS::DataTypeFloat32, 1, 0, 16);
  EXPECT_EQ(over->offset(), 16u);
  EXPECT_EQ(over->resourceSize(), 0u);
  run([&](MTL::CommandBuffer* buffer) { over->synchronizeOnCommandBuffer(buffer); });
  auto* vectors = MPS::VectorDescriptor::vectorDescriptor(6, MPS::DataTypeFloat32);
  EXPECT_EQ(vectors->vectorBytes(), 24u);
  vectors->setLength(5);
  vectors->setDataType(MPS::DataTypeUInt32);
  EXPECT_EQ(vectors->length(), 5u);
  EXPECT_EQ(vectors->dataType(), MPS::DataTypeUInt32);
  EXPECT_EQ(vectors->vectors(), 1u);
  auto* v = own(MPS::Vector::alloc()->init(device_, vectors));
  EXPECT_EQ(v->length(), 5u);
  EXPECT_EQ(v->device(), device_);
  EXPECT_TRUE(MPS::SupportsMTLDevice(device_));
  EXPECT_FALSE(MPS::SupportsMTLDevice(nullptr));
}

// Apple's header: of MPS's own buffers those of temporary objects are private. Programs fill the others' `data`.
TEST_F(SumsAndCopies, TheProgramSeesTheMemoryOfAMatrixMadeFromADevice) {
  auto* matrix_descriptor = MPS::MatrixDescriptor::matrixDescriptor(2, 3, 12, MPS::DataTypeFloat32);
  auto* matrix = own(MPS::Matrix::alloc()->init(device_, matrix_descriptor));
  EXPECT_EQ(matrix->data()->storageMode(), MTL::StorageModeShared);
  EXPECT_NE(matrix->data()->contents(), nullptr);
  auto* vector_descriptor = MPS::VectorDescriptor::vectorDescriptor(5, MPS::DataTypeFloat32);
  auto* vector = own(MPS::Vector::alloc()->init(device_, vector_descriptor));
  EXPECT_NE(vector->data()->contents(), nullptr);

  auto* commands = queue_->commandBuffer();
  auto* temporary = MPS::TemporaryMatrix::temporaryMatrix(commands, matrix_descriptor);
  EXPECT_EQ(temporary->data()->storageMode(), MTL::StorageModePrivate);
  temporary->setReadCount(0);
}

TEST_F(SumsAndCopies, ATemporaryMatrixCarriesAValueInsideOneCommandBuffer) {
  auto* source = filled(matrix(4, 4));
  auto* result = matrix(4, 4);
  auto* sum = own(MPS::MatrixSum::alloc()->init(device_, 1, 4, 4, false));
  sum->setNeuronType(MPS::CNNNeuronTypeLinear, 2, 0, 0);
  run([&](MTL::CommandBuffer* buffer) {
    auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(4, 4, 16, MPS::DataTypeFloat32);
    MPS::TemporaryMatrix::prefetchStorage(buffer, NS::Array::array(descriptor));
    auto* temporary = MPS::TemporaryMatrix::temporaryMatrix(buffer, descriptor);
    temporary->setReadCount(1);
    EXPECT_EQ(temporary->readCount(), 1u);
    sum->encodeToCommandBuffer(buffer, array({source}), temporary, nullptr, nullptr, nullptr, 0);
    sum->encodeToCommandBuffer(buffer, array({temporary}), result, nullptr, nullptr, nullptr, 0);
    EXPECT_EQ(temporary->readCount(), 0u);
  });
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(get(result, i / 4, i % 4), 4 * get(source, i / 4, i % 4));
}

}  // namespace
