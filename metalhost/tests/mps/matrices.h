// Matrices over buffers filled from a seed, for tests.
#pragma once
#include <metalhost/device_profile.h>

#include <Metal/Metal.hpp>
#include <functional>
#include <mps.hpp>
#include <random>
#include <vector>

#include "support/reports.h"

// Objects that the test owns until it ends.
class Mps : public Contracts {
 protected:
  void SetUp() override {
    Contracts::SetUp();
    metalhost::set_devices({metalhost::DeviceProfile::m3()});
    device_ = MTL::CreateSystemDefaultDevice();
    queue_ = own(device_->newCommandQueue());
  }
  void TearDown() override {
    for (auto object = owned_.rbegin(); object != owned_.rend(); ++object) (*object)->release();
    device_->release();
    Contracts::TearDown();
  }

  template <class T>
  T* own(T* object) {
    if (object) owned_.push_back(object);
    return object;
  }

  MTL::Buffer* buffer(std::size_t bytes) { return own(device_->newBuffer(bytes, MTL::ResourceStorageModeShared)); }

  static std::size_t size_of(MPS::DataType type) { return (type & 0xffffu) / 8; }

  // `matrices` of [rows, columns], rows `pad` elements longer, at a byte offset into their buffer.
  MPS::Matrix* matrix(std::size_t rows, std::size_t columns, MPS::DataType type = MPS::DataTypeFloat32,
                      std::size_t matrices = 1, std::size_t pad = 0, std::size_t offset = 0) {
    std::size_t row_bytes = (columns + pad) * size_of(type), matrix_bytes = rows * row_bytes;
    auto* descriptor = MPS::MatrixDescriptor::matrixDescriptor(rows, columns, matrices, row_bytes, matrix_bytes, type);
    return own(MPS::Matrix::alloc()->init(buffer(offset + matrices * matrix_bytes), offset, descriptor));
  }
  MPS::Vector* vector(std::size_t length, MPS::DataType type = MPS::DataTypeFloat32, std::size_t vectors = 1) {
    auto* descriptor = MPS::VectorDescriptor::vectorDescriptor(length, vectors, length * size_of(type), type);
    return own(MPS::Vector::alloc()->init(buffer(vectors * length * size_of(type)), descriptor));
  }

  static std::byte* address(const MPS::Matrix* m, std::size_t k, std::size_t i, std::size_t j) {
    return static_cast<std::byte*>(m->data()->contents()) + m->offset() + k * m->matrixBytes() + i * m->rowBytes() +
           j * size_of(m->dataType());
  }
  static std::byte* address(const MPS::Vector* v, std::size_t k, std::size_t j) {
    return static_cast<std::byte*>(v->data()->contents()) + v->offset() + k * v->vectorBytes() +
           j * size_of(v->dataType());
  }
  static double read(const std::byte* from, MPS::DataType type) {
    switch (type) {
      case MPS::DataTypeFloat16:
        return static_cast<double>(*reinterpret_cast<const _Float16*>(from));
      case MPS::DataTypeInt8:
        return *reinterpret_cast<const int8_t*>(from);
      case MPS::DataTypeInt16:
        return *reinterpret_cast<const int16_t*>(from);
      case MPS::DataTypeUInt32:
        return *reinterpret_cast<const uint32_t*>(from);
      default:
        return static_cast<double>(*reinterpret_cast<const float*>(from));
    }
  }
  static void write(std::byte* to, MPS::DataType type, double value) {
    switch (type) {
      case MPS::DataTypeFloat16:
        *reinterpret_cast<_Float16*>(to) = static_cast<_Float16>(value);
        break;
      case MPS::DataTypeInt8:
        *reinterpret_cast<int8_t*>(to) = static_cast<int8_t>(value);
        break;
      case MPS::DataTypeInt16:
        *reinterpret_cast<int16_t*>(to) = static_cast<int16_t>(value);
        break;
      case MPS::DataTypeUInt32:
        *reinterpret_cast<uint32_t*>(to) = static_cast<uint32_t>(value);
        break;
      default:
        *reinterpret_cast<float*>(to) = static_cast<float>(value);
    }
  }
  static double get(const MPS::Matrix* m, std::size_t i, std::size_t j, std::size_t k = 0) {
    return read(address(m, k, i, j), m->dataType());
  }
  static void set(const MPS::Matrix* m, std::size_t i, std::size_t j, double value, std::size_t k = 0) {
    write(address(m, k, i, j), m->dataType(), value);
  }
  static double get(const MPS::Vector* v, std::size_t j, std::size_t k = 0) {
    return read(address(v, k, j), v->dataType());
  }
  static void set(const MPS::Vector* v, std::size_t j, double value, std::size_t k = 0) {
    write(address(v, k, j), v->dataType(), value);
  }

  // Small multiples of 1/4 (whole numbers for integer types): sums of products are exact in f32.
  double random_value(MPS::DataType type) {
    int step = std::uniform_int_distribution<int>(-8, 8)(random_);
    return type & MPS::DataTypeFloatBit ? step / 4.0 : step;
  }
  MPS::Matrix* filled(MPS::Matrix* m) {
    for (std::size_t k = 0; k < m->matrices(); ++k) {
      for (std::size_t i = 0; i < m->rows(); ++i) {
        for (std::size_t j = 0; j < m->columns(); ++j) set(m, i, j, random_value(m->dataType()), k);
      }
    }
    return m;
  }
  MPS::Vector* filled(MPS::Vector* v) {
    for (std::size_t k = 0; k < v->vectors(); ++k) {
      for (std::size_t j = 0; j < v->length(); ++j) set(v, j, random_value(v->dataType()), k);
    }
    return v;
  }

  // Encodes into a command buffer, runs it and waits.
  void run(const std::function<void(MTL::CommandBuffer*)>& encode) {
    auto* command_buffer = queue_->commandBuffer();
    encode(command_buffer);
    command_buffer->commit();
    command_buffer->waitUntilCompleted();
    EXPECT_EQ(command_buffer->status(), MTL::CommandBufferStatusCompleted);
  }

  MTL::Device* device_ = nullptr;
  MTL::CommandQueue* queue_ = nullptr;
  std::mt19937 random_{7};

 private:
  std::vector<NS::Object*> owned_;
};
