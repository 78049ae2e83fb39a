// MPSVectorDescriptor and MPSVector: a stack of contiguous vectors over one MTLBuffer.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>
#include <cstddef>

#include "MPSDefines.hpp"
#include "MPSPrivate.hpp"
#include "MPSTypes.hpp"

namespace MPS {

// Length, stride and element type of a stack of vectors. Element i of vector k lies at byte
// offset + k vectorBytes + i size. macOS 10.13, as all its methods.
class VectorDescriptor : public NS::Referencing<VectorDescriptor> {
 public:
  // Autoreleased: one vector of `length` elements.
  static VectorDescriptor* vectorDescriptor(NS::UInteger length, DataType dataType);

  // Autoreleased: `vectors` of `length` elements each. vectorBytes: a multiple of the element size, at least length of
  // them.
  static VectorDescriptor* vectorDescriptor(NS::UInteger length, NS::UInteger vectors, NS::UInteger vectorBytes,
                                            DataType dataType);

  // The stride between vectors that computes fastest: advice, not a minimum.
  static std::size_t vectorBytesForLength(NS::UInteger length, DataType dataType);

  NS::UInteger length() const;
  void setLength(NS::UInteger length);

  NS::UInteger vectors() const;

  DataType dataType() const;
  void setDataType(DataType dataType);

  NS::UInteger vectorBytes() const;
};

// A view of a buffer (or of storage of its own) as a stack of vectors; copies what the descriptor says, retains the
// buffer. macOS 10.13.
class Vector : public NS::Referencing<Vector> {
 public:
  static Vector* alloc();

  // +1. The buffer must hold (vectors-1) vectorBytes + length x size bytes. macOS 10.13.
  Vector* init(const MTL::Buffer* pBuffer, const VectorDescriptor* pDescriptor);

  // +1. The same at a byte offset, which must be a multiple of the element size. macOS 10.15.
  Vector* init(const MTL::Buffer* pBuffer, NS::UInteger offset, const VectorDescriptor* pDescriptor);

  // +1. With storage of its own, allocated when data() is first needed. macOS 10.13.4.
  Vector* init(const MTL::Device* pDevice, const VectorDescriptor* pDescriptor);

  // Borrowed: live as long as the vector. macOS 10.13.
  MTL::Device* device() const;
  MTL::Buffer* data() const;

  // macOS 10.13.
  NS::UInteger length() const;
  NS::UInteger vectors() const;
  DataType dataType() const;
  NS::UInteger vectorBytes() const;

  // Byte offset of element 0 of vector 0 in data(). macOS 10.15.
  NS::UInteger offset() const;

  // Bytes of the vector's own storage; 0 over a caller's buffer. macOS 10.13.4.
  NS::UInteger resourceSize() const;

  // Makes the GPU's results visible to the CPU where storage is managed; does nothing for shared storage.
  // macOS 10.13.4.
  void synchronizeOnCommandBuffer(const MTL::CommandBuffer* pCommandBuffer);
};

}  // namespace MPS

_MPS_INLINE MPS::VectorDescriptor* MPS::VectorDescriptor::vectorDescriptor(NS::UInteger length,
                                                                           MPS::DataType dataType) {
  return Object::sendMessage<MPS::VectorDescriptor*>(
      _MPS_PRIVATE_CLS(MPSVectorDescriptor), _MPS_PRIVATE_SEL(vectorDescriptorWithLength_dataType_), length, dataType);
}

_MPS_INLINE MPS::VectorDescriptor* MPS::VectorDescriptor::vectorDescriptor(NS::UInteger length, NS::UInteger vectors,
                                                                           NS::UInteger vectorBytes,
                                                                           MPS::DataType dataType) {
  return Object::sendMessage<MPS::VectorDescriptor*>(
      _MPS_PRIVATE_CLS(MPSVectorDescriptor), _MPS_PRIVATE_SEL(vectorDescriptorWithLength_vectors_vectorBytes_dataType_),
      length, vectors, vectorBytes, dataType);
}

_MPS_INLINE std::size_t MPS::VectorDescriptor::vectorBytesForLength(NS::UInteger length, MPS::DataType dataType) {
  return Object::sendMessage<std::size_t>(_MPS_PRIVATE_CLS(MPSVectorDescriptor),
                                          _MPS_PRIVATE_SEL(vectorBytesForLength_dataType_), length, dataType);
}

_MPS_INLINE NS::UInteger MPS::VectorDescriptor::length() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(length));
}

_MPS_INLINE void MPS::VectorDescriptor::setLength(NS::UInteger length) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setLength_), length);
}

_MPS_INLINE NS::UInteger MPS::VectorDescriptor::vectors() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(vectors));
}

_MPS_INLINE MPS::DataType MPS::VectorDescriptor::dataType() const {
  return Object::sendMessage<MPS::DataType>(this, _MPS_PRIVATE_SEL(dataType));
}

_MPS_INLINE void MPS::VectorDescriptor::setDataType(MPS::DataType dataType) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setDataType_), dataType);
}

_MPS_INLINE NS::UInteger MPS::VectorDescriptor::vectorBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(vectorBytes));
}

_MPS_INLINE MPS::Vector* MPS::Vector::alloc() {
  return NS::Object::alloc<MPS::Vector>(_MPS_PRIVATE_CLS(MPSVector));
}

_MPS_INLINE MPS::Vector* MPS::Vector::init(const MTL::Buffer* pBuffer, const MPS::VectorDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Vector*>(this, _MPS_PRIVATE_SEL(initWithBuffer_descriptor_), pBuffer, pDescriptor);
}

_MPS_INLINE MPS::Vector* MPS::Vector::init(const MTL::Buffer* pBuffer, NS::UInteger offset,
                                           const MPS::VectorDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Vector*>(this, _MPS_PRIVATE_SEL(initWithBuffer_offset_descriptor_), pBuffer, offset,
                                           pDescriptor);
}

_MPS_INLINE MPS::Vector* MPS::Vector::init(const MTL::Device* pDevice, const MPS::VectorDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Vector*>(this, _MPS_PRIVATE_SEL(initWithDevice_descriptor_), pDevice, pDescriptor);
}

_MPS_INLINE MTL::Device* MPS::Vector::device() const {
  return Object::sendMessage<MTL::Device*>(this, _MPS_PRIVATE_SEL(device));
}

_MPS_INLINE MTL::Buffer* MPS::Vector::data() const {
  return Object::sendMessage<MTL::Buffer*>(this, _MPS_PRIVATE_SEL(data));
}

_MPS_INLINE NS::UInteger MPS::Vector::length() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(length));
}

_MPS_INLINE NS::UInteger MPS::Vector::vectors() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(vectors));
}

_MPS_INLINE MPS::DataType MPS::Vector::dataType() const {
  return Object::sendMessage<MPS::DataType>(this, _MPS_PRIVATE_SEL(dataType));
}

_MPS_INLINE NS::UInteger MPS::Vector::vectorBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(vectorBytes));
}

_MPS_INLINE NS::UInteger MPS::Vector::offset() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(offset));
}

_MPS_INLINE NS::UInteger MPS::Vector::resourceSize() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(resourceSize));
}

_MPS_INLINE void MPS::Vector::synchronizeOnCommandBuffer(const MTL::CommandBuffer* pCommandBuffer) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(synchronizeOnCommandBuffer_), pCommandBuffer);
}
