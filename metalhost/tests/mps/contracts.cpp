// Planted mistakes with matrices and vectors, and what is reported.
#include <thread>

#include "mps/matrices.h"

namespace {

class MatrixContracts : public Mps {
 protected:
  static MPS::MatrixDescriptor* shape(std::size_t rows, std::size_t columns, std::size_t row_bytes,
                                      MPS::DataType type = MPS::DataTypeFloat32) {
    return MPS::MatrixDescriptor::matrixDescriptor(rows, columns, row_bytes, type);
  }
  static constexpr const char* kInit = "-[MPSMatrix initWithBuffer:descriptor:]";
  static constexpr const char* kInitAt = "-[MPSMatrix initWithBuffer:offset:descriptor:]";
};

TEST_F(MatrixContracts, RowBytesThatAreNoMultipleOfTheElement) {
  auto* storage = buffer(1024);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-row-bytes", "MPSMatrix #", kInit, matrix->init(storage, shape(2, 2, 9)));
}

TEST_F(MatrixContracts, RowBytesThatHoldNoRow) {
  auto* storage = buffer(1024);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-row-bytes", "MPSMatrix #", kInit, matrix->init(storage, shape(2, 4, 12)));
}

TEST_F(MatrixContracts, MatrixBytesThatHoldNoMatrix) {
  auto* storage = buffer(1024);
  auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(4, 4, 2, 16, 48, MPS::DataTypeFloat32);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-matrix-bytes", "MPSMatrix #", kInit, matrix->init(storage, descriptor));
}

TEST_F(MatrixContracts, MatrixBytesThatAreNoMultipleOfRowBytes) {
  auto* storage = buffer(1024);
  auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(4, 4, 2, 16, 72, MPS::DataTypeFloat32);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-matrix-bytes", "MPSMatrix #", kInit, matrix->init(storage, descriptor));
}

TEST_F(MatrixContracts, VectorBytesThatHoldNoVector) {
  auto* storage = buffer(1024);
  auto* descriptor = MPS::VectorDescriptor::vectorDescriptor(4, 2, 12, MPS::DataTypeFloat32);
  auto* vector = MPS::Vector::alloc();
  EXPECT_REPORT("mps-vector-bytes", "MPSVector #", "-[MPSVector initWithBuffer:descriptor:]",
                vector->init(storage, descriptor));
}

TEST_F(MatrixContracts, AMatrixWithoutElements) {
  auto* storage = buffer(1024);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-empty", "MPSMatrix #", kInit, matrix->init(storage, shape(0, 4, 16)));
}

TEST_F(MatrixContracts, AMatrixLargerThanItsBuffer) {
  auto* storage = buffer(64);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-past-buffer", "MPSMatrix #", kInit, matrix->init(storage, shape(5, 4, 16)));
}

TEST_F(MatrixContracts, AnOffsetThatPushesAMatrixPastItsBuffer) {
  auto* storage = buffer(64);
  own(MPS::Matrix::alloc()->init(storage, 16, shape(3, 4, 16)));
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-past-buffer", "MPSMatrix #", kInitAt, matrix->init(storage, 20, shape(3, 4, 16)));
}

TEST_F(MatrixContracts, AVectorLargerThanItsBuffer) {
  auto* storage = buffer(64);
  auto* descriptor = MPS::VectorDescriptor::vectorDescriptor(17, MPS::DataTypeFloat32);
  auto* vector = MPS::Vector::alloc();
  EXPECT_REPORT("mps-past-buffer", "MPSVector #", "-[MPSVector initWithBuffer:descriptor:]",
                vector->init(storage, descriptor));
}

TEST_F(MatrixContracts, AnOffsetInsideAnElement) {
  auto* storage = buffer(1024);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-offset", "MPSMatrix #", kInitAt, matrix->init(storage, 6, shape(2, 2, 8)));
}

TEST_F(MatrixContracts, AnInvalidDataType) {
  auto* storage = buffer(1024);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-data-type", "MPSMatrix #", kInit, matrix->init(storage, shape(2, 2, 8, MPS::DataTypeInvalid)));
}

TEST_F(MatrixContracts, AMatrixOfItsOwnThatIsLargerThanABufferMayBe) {
  auto* descriptor = shape(1u << 20, 1u << 20, std::size_t{4} << 20);
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("mps-too-large", "MPSMatrix #", "-[MPSMatrix initWithDevice:descriptor:]",
                matrix->init(device_, descriptor));
}

TEST_F(MatrixContracts, OffsetsNeedMacOs1015) {
  auto* storage = buffer(1024);
  auto* matrix = own(MPS::Matrix::alloc()->init(storage, shape(2, 2, 8)));
  metalhost::set_macos_version(10, 14);
  EXPECT_REPORT("unknown-selector", "MPSMatrix #", "-[MPSMatrix offset]", matrix->offset());
  metalhost::set_macos_version(15, 0);
}

TEST_F(MatrixContracts, ADeallocatedBuffer) {
  auto* storage = device_->newBuffer(1024, MTL::ResourceStorageModeShared);
  storage->release();
  auto* matrix = MPS::Matrix::alloc();
  EXPECT_REPORT("use-after-release", "MTLBuffer #", kInit, matrix->init(storage, shape(2, 2, 8)));
  matrix->release();
}

TEST_F(MatrixContracts, ATemporaryMatrixThatIsNotRead) {
  auto* command_buffer = queue_->commandBuffer();
  MPS::TemporaryMatrix::temporaryMatrix(command_buffer, shape(2, 2, 8));
  command_buffer->commit();
  command_buffer->waitUntilCompleted();
  auto reports = metalhost::take_reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].rule, "mps-read-count");
  EXPECT_EQ(reports[0].object.substr(0, 20), "MPSTemporaryMatrix #");
}

TEST_F(MatrixContracts, ATemporaryMatrixThatIsReadTwice) {
  auto* command_buffer = queue_->commandBuffer();
  auto* temporary = MPS::TemporaryMatrix::temporaryMatrix(command_buffer, shape(2, 2, 8));
  auto* result = matrix(2, 2);
  auto* softmax = own(MPS::MatrixSoftMax::alloc()->init(device_));
  softmax->encodeToCommandBuffer(command_buffer, result, temporary);
  softmax->encodeToCommandBuffer(command_buffer, temporary, result);
  EXPECT_REPORT("mps-read-count", "MPSTemporaryMatrix #",
                "-[MPSMatrixSoftMax encodeToCommandBuffer:inputMatrix:resultMatrix:]",
                softmax->encodeToCommandBuffer(command_buffer, temporary, result));
  EXPECT_REPORT("mps-read-count", "MPSTemporaryMatrix #", "-[MPSTemporaryMatrix setReadCount:]",
                temporary->setReadCount(2));
  command_buffer->commit();
  command_buffer->waitUntilCompleted();
}

TEST_F(MatrixContracts, ATemporaryMatrixOfAnotherCommandBuffer) {
  auto* command_buffer = queue_->commandBuffer();
  auto* temporary = MPS::TemporaryMatrix::temporaryMatrix(command_buffer, shape(2, 2, 8));
  auto* result = matrix(2, 2);
  auto* softmax = own(MPS::MatrixSoftMax::alloc()->init(device_));
  auto* other = queue_->commandBuffer();
  EXPECT_REPORT("mps-temporary", "MPSTemporaryMatrix #",
                "-[MPSMatrixSoftMax encodeToCommandBuffer:inputMatrix:resultMatrix:]",
                softmax->encodeToCommandBuffer(other, temporary, result));
  temporary->setReadCount(0);
}

TEST_F(MatrixContracts, ADiscardedTemporaryMatrixLosesItsContents) {
  auto* source = filled(matrix(2, 2));
  auto* command_buffer = queue_->commandBuffer();
  auto* temporary = MPS::TemporaryMatrix::temporaryMatrix(command_buffer, shape(2, 2, 8));
  auto* softmax = own(MPS::MatrixSoftMax::alloc()->init(device_));
  auto* result = matrix(2, 2);
  softmax->encodeToCommandBuffer(command_buffer, source, temporary);
  softmax->encodeToCommandBuffer(command_buffer, temporary, result);
  auto* blit = command_buffer->blitCommandEncoder();
  auto* copy = buffer(16);
  blit->copyFromBuffer(temporary->data(), 0, copy, 0, 16);
  blit->endEncoding();
  command_buffer->commit();
  command_buffer->waitUntilCompleted();
  EXPECT_EQ(static_cast<uint32_t*>(copy->contents())[0], 0xffffffffu);
}

TEST_F(MatrixContracts, KernelsAreForOneThreadAtATime) {
  auto* source = matrix(2, 2);
  auto* result = matrix(2, 2);
  auto* softmax = own(MPS::MatrixSoftMax::alloc()->init(device_));
  std::atomic<bool> found{false};
  auto encode = [&] {
    auto* pool = NS::AutoreleasePool::alloc()->init();
    for (int i = 0; i < 200'000 && !found; ++i) {
      auto* inner = NS::AutoreleasePool::alloc()->init();
      softmax->encodeToCommandBuffer(queue_->commandBuffer(), source, result);
      inner->release();
      for (const auto& report : metalhost::take_reports()) {
        if (report.rule == "concurrent-use" && report.object.starts_with("MPSMatrixSoftMax #")) found = true;
      }
    }
    pool->release();
  };
  std::thread other(encode);
  encode();
  other.join();
  EXPECT_TRUE(found);
  metalhost::take_reports();
}

}  // namespace
