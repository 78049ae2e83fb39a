// Planted mistakes with MPS's kernels, and what is reported.
#include <metalhost/runtime.h>

#include "mps/matrices.h"

namespace {

class KernelContracts : public Mps {
 protected:
  static constexpr const char* kMultiply =
      "-[MPSMatrixMultiplication encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:]";
  static constexpr const char* kSoftMax = "-[MPSMatrixSoftMax encodeToCommandBuffer:inputMatrix:resultMatrix:]";

  MPS::MatrixMultiplication* product(std::size_t rows, std::size_t columns, std::size_t inner, double beta = 0) {
    return own(MPS::MatrixMultiplication::alloc()->init(device_, false, false, rows, columns, inner, 1, beta));
  }
  static NS::Array* array(std::initializer_list<const MPS::Matrix*> matrices) {
    std::vector<const NS::Object*> objects;
    for (const MPS::Matrix* matrix : matrices) objects.push_back(matrix);
    return NS::Array::array(objects.data(), objects.size());
  }
  // Runs what was encoded on `line`, and expects this one report of a GPU thread about it.
  void expect_gpu_report(MTL::CommandBuffer* command_buffer, const std::string& rule, const std::string& object,
                         int line) {
    command_buffer->commit();
    command_buffer->waitUntilCompleted();
    EXPECT_EQ(command_buffer->status(), MTL::CommandBufferStatusCompleted);
    auto reports = metalhost::take_reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].rule, rule) << reports[0].text();
    EXPECT_EQ(reports[0].object.substr(0, object.size()), object) << reports[0].text();
    EXPECT_EQ(reports[0].site, "kernel_contracts.cpp:" + std::to_string(line)) << reports[0].text();
  }
};

TEST_F(KernelContracts, ALeftMatrixThatIsTooSmall) {
  auto *left = matrix(3, 4), *right = matrix(5, 6), *result = matrix(3, 6);
  auto* kernel = product(3, 6, 5);
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-dimensions", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, ARightMatrixThatIsNotTransposed) {
  auto *left = matrix(3, 4), *right = matrix(4, 6), *result = matrix(3, 6);
  auto* kernel = own(MPS::MatrixMultiplication::alloc()->init(device_, false, true, 3, 6, 4, 1, 0));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-dimensions", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, AResultOriginTooFarOut) {
  auto *left = matrix(3, 4), *right = matrix(4, 6), *result = matrix(4, 6);
  auto* kernel = product(3, 6, 4);
  kernel->setResultMatrixOrigin({2, 0, 0});
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-dimensions", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, AnOriginWithDepth) {
  auto *left = matrix(3, 4), *right = matrix(4, 6), *result = matrix(3, 6);
  auto* kernel = product(3, 6, 4);
  kernel->setLeftMatrixOrigin({0, 0, 1});
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-origin", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, AVectorOriginWithColumns) {
  auto* a = matrix(2, 3);
  auto *x = vector(6), *y = vector(6);
  auto* kernel = own(MPS::MatrixVectorMultiplication::alloc()->init(device_, 2, 3));
  kernel->setSecondarySourceMatrixOrigin({0, 3, 0});
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-origin", "MPSMatrixVectorMultiplication #",
                "-[MPSMatrixVectorMultiplication encodeToCommandBuffer:inputMatrix:inputVector:resultVector:]",
                kernel->encodeToCommandBuffer(buffer, a, x, y));
}

TEST_F(KernelContracts, AVectorThatIsTooShort) {
  auto* a = matrix(2, 3);
  auto *x = vector(2), *y = vector(2);
  auto* kernel = own(MPS::MatrixVectorMultiplication::alloc()->init(device_, 2, 3));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-dimensions", "MPSMatrixVectorMultiplication #",
                "-[MPSMatrixVectorMultiplication encodeToCommandBuffer:inputMatrix:inputVector:resultVector:]",
                kernel->encodeToCommandBuffer(buffer, a, x, y));
}

TEST_F(KernelContracts, ABatchLongerThanAnOperand) {
  auto *left = matrix(2, 2, MPS::DataTypeFloat32, 4), *right = matrix(2, 2, MPS::DataTypeFloat32, 3);
  auto* result = matrix(2, 2, MPS::DataTypeFloat32, 4);
  auto* kernel = product(2, 2, 2);
  kernel->setBatchSize(4);
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-batch", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, ABatchThatStartsAfterTheLastMatrix) {
  auto *source = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  kernel->setBatchStart(1);
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-batch", "MPSMatrixSoftMax #", kSoftMax, kernel->encodeToCommandBuffer(buffer, source, result));
}

TEST_F(KernelContracts, AProductWithoutElements) {
  auto* kernel = MPS::MatrixMultiplication::alloc();
  EXPECT_REPORT("mps-empty", "MPSMatrixMultiplication #",
                "-[MPSMatrixMultiplication initWithDevice:resultRows:resultColumns:interiorColumns:]",
                kernel->init(device_, 2, 0, 2));
}

TEST_F(KernelContracts, AProductWithASideOver31Bits) {
  auto* kernel = MPS::MatrixMultiplication::alloc();
  EXPECT_REPORT("mps-too-large", "MPSMatrixMultiplication #",
                "-[MPSMatrixMultiplication initWithDevice:resultRows:resultColumns:interiorColumns:]",
                kernel->init(device_, 2, std::size_t{1} << 31, 2));
}

TEST_F(KernelContracts, ProductsOfMixedTypes) {
  auto *left = matrix(2, 2, MPS::DataTypeFloat16), *right = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = product(2, 2, 2);
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-data-type", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
}

TEST_F(KernelContracts, SoftMaxOfIntegers) {
  auto *source = matrix(2, 2, MPS::DataTypeInt8), *result = matrix(2, 2, MPS::DataTypeInt8);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-data-type", "MPSMatrixSoftMax #", kSoftMax, kernel->encodeToCommandBuffer(buffer, source, result));
}

TEST_F(KernelContracts, SoftMaxIntoAnotherType) {
  auto *source = matrix(2, 2, MPS::DataTypeFloat16), *result = matrix(2, 2);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-data-type", "MPSMatrixSoftMax #", kSoftMax, kernel->encodeToCommandBuffer(buffer, source, result));
}

TEST_F(KernelContracts, SoftMaxIntoAResultThatIsTooSmall) {
  auto* source = matrix(3, 4);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  for (auto* result : {matrix(2, 4), matrix(3, 3)}) {
    auto* buffer = queue_->commandBuffer();
    EXPECT_REPORT("mps-dimensions", "MPSMatrixSoftMax #", kSoftMax,
                  kernel->encodeToCommandBuffer(buffer, source, result));
  }
}

TEST_F(KernelContracts, AResultThatIsAlsoASource) {
  auto *left = matrix(2, 2), *right = matrix(2, 2);
  auto* kernel = product(2, 2, 2);
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-overlap", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, left));
}

TEST_F(KernelContracts, ColumnsOfOneMatrixDoNotOverlap) {
  auto *whole = filled(matrix(4, 8)), *right = filled(matrix(4, 4));
  auto* kernel = product(4, 4, 4);
  kernel->setResultMatrixOrigin({0, 4, 0});
  run([&](MTL::CommandBuffer* buffer) { kernel->encodeToCommandBuffer(buffer, whole, right, whole); });
  kernel->setResultMatrixOrigin({0, 3, 0});
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-overlap", "MPSMatrixMultiplication #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, whole, right, whole));
}

TEST_F(KernelContracts, SoftMaxOntoARowFurtherDown) {
  auto* whole = matrix(4, 4);
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(device_));
  kernel->setSourceRows(3);
  kernel->setResultMatrixOrigin({1, 0, 0});
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-overlap", "MPSMatrixSoftMax #", kSoftMax, kernel->encodeToCommandBuffer(buffer, whole, whole));
}

TEST_F(KernelContracts, EncodingWhileAComputeEncoderIsOpen) {
  auto *left = matrix(2, 2), *right = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = product(2, 2, 2);
  auto* buffer = queue_->commandBuffer();
  auto* encoder = buffer->computeCommandEncoder();
  EXPECT_REPORT("open-encoder", "MTLCommandBuffer #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
  encoder->endEncoding();
}

TEST_F(KernelContracts, EncodingAfterCommit) {
  auto *left = matrix(2, 2), *right = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = product(2, 2, 2);
  auto* buffer = queue_->commandBuffer();
  buffer->commit();
  EXPECT_REPORT("encode-after-commit", "MTLCommandBuffer #", kMultiply,
                kernel->encodeToCommandBuffer(buffer, left, right, result));
  buffer->waitUntilCompleted();
}

TEST_F(KernelContracts, AMatrixOfAnotherDevice) {
  metalhost::set_devices({metalhost::DeviceProfile::m1(), metalhost::DeviceProfile::m4()});
  auto* devices = MTL::CopyAllDevices();
  auto* first = devices->object<MTL::Device>(0);
  auto* second = devices->object<MTL::Device>(1);
  auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(2, 2, 8, MPS::DataTypeFloat32);
  auto* here = own(MPS::Matrix::alloc()->init(first, descriptor));
  auto* there = own(MPS::Matrix::alloc()->init(second, descriptor));
  auto* kernel = own(MPS::MatrixSoftMax::alloc()->init(first));
  auto* queue = own(first->newCommandQueue());
  auto* buffer = queue->commandBuffer();
  EXPECT_REPORT("mixed-devices", "MPSMatrix #", kSoftMax, kernel->encodeToCommandBuffer(buffer, here, there));
  devices->release();
}

TEST_F(KernelContracts, ACpuWriteWhileAProductReads) {
  auto *left = matrix(2, 2), *right = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = product(2, 2, 2);
  auto* buffer = queue_->commandBuffer();
  kernel->encodeToCommandBuffer(buffer, left, right, result);
  metalhost::pause_gpu();
  buffer->commit();
  volatile float* value = static_cast<float*>(left->data()->contents());
  *value = 1;
  buffer->waitUntilCompleted();
  auto reports = metalhost::take_reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].rule, "cpu-gpu-race");
}

TEST_F(KernelContracts, SeventeenLargestValues) {
  auto *source = matrix(2, 40), *indices = matrix(2, 17, MPS::DataTypeUInt32), *values = matrix(2, 17);
  auto* kernel = own(MPS::MatrixFindTopK::alloc()->init(device_, 17));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-top-k", "MPSMatrixFindTopK #",
                "-[MPSMatrixFindTopK encodeToCommandBuffer:inputMatrix:resultIndexMatrix:resultValueMatrix:]",
                kernel->encodeToCommandBuffer(buffer, source, indices, values));
}

TEST_F(KernelContracts, TopKIndicesThatAreNotUnsigned) {
  auto *source = matrix(2, 40), *indices = matrix(2, 4, MPS::DataTypeInt32), *values = matrix(2, 4);
  auto* kernel = own(MPS::MatrixFindTopK::alloc()->init(device_, 4));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-data-type", "MPSMatrixFindTopK #",
                "-[MPSMatrixFindTopK encodeToCommandBuffer:inputMatrix:resultIndexMatrix:resultValueMatrix:]",
                kernel->encodeToCommandBuffer(buffer, source, indices, values));
}

constexpr const char* kSum =
    "-[MPSMatrixSum encodeToCommandBuffer:sourceMatrices:resultMatrix:scaleVector:offsetVector:biasVector:startIndex:]";

TEST_F(KernelContracts, TopKIntoResultsThatAreTooSmall) {
  auto* source = matrix(3, 8);
  auto* kernel = own(MPS::MatrixFindTopK::alloc()->init(device_, 4));
  for (const bool indices_are_small : {false, true}) {
    auto* indices = matrix(3, indices_are_small ? 3 : 4, MPS::DataTypeUInt32);
    auto* values = matrix(indices_are_small ? 3 : 2, 4);
    auto* buffer = queue_->commandBuffer();
    EXPECT_REPORT("mps-dimensions", "MPSMatrixFindTopK #",
                  "-[MPSMatrixFindTopK encodeToCommandBuffer:inputMatrix:resultIndexMatrix:resultValueMatrix:]",
                  kernel->encodeToCommandBuffer(buffer, source, indices, values));
  }
}

TEST_F(KernelContracts, ASumWithOneSourceTooFew) {
  auto *source = matrix(2, 2), *result = matrix(2, 2);
  auto* kernel = own(MPS::MatrixSum::alloc()->init(device_, 2, 2, 2, false));
  auto* buffer = queue_->commandBuffer();
  auto* sources = array({source});
  EXPECT_REPORT("mps-sum-sources", "MPSMatrixSum #", kSum,
                kernel->encodeToCommandBuffer(buffer, sources, result, nullptr, nullptr, nullptr, 0));
}

TEST_F(KernelContracts, ASumWhoseScalesEndTooEarly) {
  auto *source = matrix(2, 2), *result = matrix(2, 2);
  auto* scales = vector(2);
  auto* kernel = own(MPS::MatrixSum::alloc()->init(device_, 1, 2, 2, false));
  auto* buffer = queue_->commandBuffer();
  auto* sources = array({source});
  EXPECT_REPORT("mps-sum-sources", "MPSMatrixSum #", kSum,
                kernel->encodeToCommandBuffer(buffer, sources, result, scales, nullptr, nullptr, 2));
}

TEST_F(KernelContracts, ASumWithAnActivationPerChannel) {
  auto* kernel = own(MPS::MatrixSum::alloc()->init(device_, 1, 2, 2, false));
  EXPECT_REPORT("mps-neuron", "MPSMatrixSum #", "-[MPSMatrixSum setNeuronType:parameterA:parameterB:parameterC:]",
                kernel->setNeuronType(MPS::CNNNeuronTypePReLU, 0, 0, 0));
}

TEST_F(KernelContracts, ASumWhoseOffsetsLeadOutside) {
  auto *source = matrix(3, 3), *result = matrix(2, 2);
  auto* offsets = vector(2, MPS::DataTypeUInt32);
  set(offsets, 0, 2);
  auto* kernel = own(MPS::MatrixSum::alloc()->init(device_, 1, 2, 2, false));
  auto* buffer = queue_->commandBuffer();
  kernel->encodeToCommandBuffer(buffer, array({source}), result, nullptr, offsets, nullptr, 0);
  expect_gpu_report(buffer, "mps-dimensions", "MPSMatrixSum #", __LINE__ - 1);
}

constexpr const char* kCopy = "-[MPSMatrixCopy encodeToCommandBuffer:copyDescriptor:]";

TEST_F(KernelContracts, ACopyOperationThatIsNotSet) {
  auto *source = matrix(2, 2), *target = matrix(2, 2);
  auto* descriptor = own(MPS::MatrixCopyDescriptor::alloc()->init(device_, 2));
  descriptor->setCopyOperation(0, source, target, {});
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 2, false, false));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-copy-operations", "MPSMatrixCopyDescriptor #", kCopy,
                kernel->encodeToCommandBuffer(buffer, descriptor));
}

TEST_F(KernelContracts, ACopyOperationPastTheLast) {
  auto *source = matrix(2, 2), *target = matrix(2, 2);
  auto* descriptor = own(MPS::MatrixCopyDescriptor::alloc()->init(device_, 1));
  EXPECT_REPORT("mps-copy-operations", "MPSMatrixCopyDescriptor #",
                "-[MPSMatrixCopyDescriptor setCopyOperationAtIndex:sourceMatrix:destinationMatrix:offsets:]",
                descriptor->setCopyOperation(1, source, target, {}));
}

TEST_F(KernelContracts, CopyOffsetsThatAreNotAligned) {
  auto *source = matrix(2, 2), *target = matrix(2, 2);
  auto* offsets = vector(8, MPS::DataTypeUInt32);
  auto *sources = array({source}), *targets = array({target});
  auto* descriptor = MPS::MatrixCopyDescriptor::alloc();
  EXPECT_REPORT("mps-offset", "MPSMatrixCopyDescriptor #",
                "-[MPSMatrixCopyDescriptor initWithSourceMatrices:destinationMatrices:offsetVector:offset:]",
                descriptor->init(sources, targets, offsets, 8));
}

TEST_F(KernelContracts, ACopyBetweenTypes) {
  auto *source = matrix(2, 2), *target = matrix(2, 2, MPS::DataTypeFloat16);
  auto* descriptor = MPS::MatrixCopyDescriptor::descriptor(source, target, {});
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 2, false, false));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-data-type", "MPSMatrixCopy #", kCopy, kernel->encodeToCommandBuffer(buffer, descriptor));
}

TEST_F(KernelContracts, ACopyOntoItself) {
  auto* source = matrix(4, 4);
  auto* descriptor = MPS::MatrixCopyDescriptor::descriptor(source, source, {0, 0, 1, 0});
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 4, false, false));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-overlap", "MPSMatrixCopy #", kCopy, kernel->encodeToCommandBuffer(buffer, descriptor));
}

TEST_F(KernelContracts, ACopyPastTheDestination) {
  auto *source = matrix(4, 4), *target = matrix(4, 4);
  auto* descriptor = MPS::MatrixCopyDescriptor::descriptor(source, target, {0, 0, 3, 0});
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 4, false, false));
  auto* buffer = queue_->commandBuffer();
  EXPECT_REPORT("mps-dimensions", "MPSMatrixCopy #", kCopy, kernel->encodeToCommandBuffer(buffer, descriptor));
}

TEST_F(KernelContracts, ACopyWhoseOffsetsLeadOutside) {
  auto *source = matrix(4, 4), *target = matrix(4, 4);
  auto* offsets = vector(4, MPS::DataTypeUInt32);
  set(offsets, 1, 1);
  auto* descriptor = own(MPS::MatrixCopyDescriptor::alloc()->init(array({source}), array({target}), offsets, 0));
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 4, false, false));
  auto* buffer = queue_->commandBuffer();
  kernel->encodeToCommandBuffer(buffer, descriptor);
  expect_gpu_report(buffer, "mps-dimensions", "MPSMatrixCopy #", __LINE__ - 1);
}

TEST_F(KernelContracts, APermutationThatLeadsOutside) {
  auto *source = matrix(2, 2), *target = matrix(2, 2);
  auto* rows = vector(2, MPS::DataTypeUInt32);
  set(rows, 1, 2);
  auto* descriptor = MPS::MatrixCopyDescriptor::descriptor(source, target, {});
  auto* kernel = own(MPS::MatrixCopy::alloc()->init(device_, 2, 2, false, false));
  auto* buffer = queue_->commandBuffer();
  kernel->encodeToCommandBuffer(buffer, descriptor, rows, 0, nullptr, 0);
  expect_gpu_report(buffer, "mps-permutation", "MPSMatrixCopy #", __LINE__ - 1);
}

}  // namespace
