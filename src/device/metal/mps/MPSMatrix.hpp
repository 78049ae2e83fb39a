// MPSMatrixDescriptor, MPSMatrix and MPSTemporaryMatrix: a stack of row-major matrices over one MTLBuffer.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>
#include <cstddef>

#include "MPSDefines.hpp"
#include "MPSPrivate.hpp"
#include "MPSTypes.hpp"

namespace MPS {

// Shape, strides and element type of a stack of matrices. Element (i, j) of matrix k lies at byte
// offset + k matrixBytes + i rowBytes + j size. macOS 10.13.
class MatrixDescriptor : public NS::Referencing<MatrixDescriptor> {
 public:
  // Autoreleased: one matrix of rows x columns. rowBytes: a multiple of the element size, at least columns of them.
  // macOS 10.13.
  static MatrixDescriptor* matrixDescriptor(NS::UInteger rows, NS::UInteger columns, NS::UInteger rowBytes,
                                            DataType dataType);

  // Autoreleased: `matrices` of rows x columns each. matrixBytes: a multiple of rowBytes, at least rows of them.
  // macOS 10.13.
  static MatrixDescriptor* matrixDescriptor(NS::UInteger rows, NS::UInteger columns, NS::UInteger matrices,
                                            NS::UInteger rowBytes, NS::UInteger matrixBytes, DataType dataType);

  // The row stride that computes fastest for so many columns: advice, not a minimum. macOS 10.13.
  static std::size_t rowBytesForColumns(NS::UInteger columns, DataType dataType);

  // macOS 10.13, as all below.
  NS::UInteger rows() const;
  void setRows(NS::UInteger rows);

  NS::UInteger columns() const;
  void setColumns(NS::UInteger columns);

  NS::UInteger matrices() const;

  DataType dataType() const;
  void setDataType(DataType dataType);

  NS::UInteger rowBytes() const;
  void setRowBytes(NS::UInteger rowBytes);

  NS::UInteger matrixBytes() const;
};

// A view of a buffer (or of storage of its own) as a stack of matrices; copies what the descriptor says, retains the
// buffer. macOS 10.13.
class Matrix : public NS::Referencing<Matrix> {
 public:
  static Matrix* alloc();

  // +1. The buffer must hold (matrices-1) matrixBytes + (rows-1) rowBytes + columns x size bytes. macOS 10.13.
  Matrix* init(const MTL::Buffer* pBuffer, const MatrixDescriptor* pDescriptor);

  // +1. The same at a byte offset, which must be a multiple of the element size. macOS 10.15.
  Matrix* init(const MTL::Buffer* pBuffer, NS::UInteger offset, const MatrixDescriptor* pDescriptor);

  // +1. With storage of its own, allocated when data() is first needed. macOS 10.13.
  Matrix* init(const MTL::Device* pDevice, const MatrixDescriptor* pDescriptor);

  // Borrowed: live as long as the matrix. macOS 10.13.
  MTL::Device* device() const;
  MTL::Buffer* data() const;

  // macOS 10.13.
  NS::UInteger rows() const;
  NS::UInteger columns() const;
  NS::UInteger matrices() const;
  DataType dataType() const;
  NS::UInteger rowBytes() const;
  NS::UInteger matrixBytes() const;

  // Byte offset of element (0, 0) of matrix 0 in data(). macOS 10.15.
  NS::UInteger offset() const;

  // Bytes of the matrix's own storage; 0 over a caller's buffer. macOS 10.13.4.
  NS::UInteger resourceSize() const;

  // Makes the GPU's results visible to the CPU where storage is managed; does nothing for shared storage.
  // macOS 10.13.4.
  void synchronizeOnCommandBuffer(const MTL::CommandBuffer* pCommandBuffer);
};

// A matrix in private storage that lives inside one command buffer and shares memory with others: each encode that
// reads it takes one from readCount, and at 0 its contents are gone. macOS 10.13.
class TemporaryMatrix : public NS::Referencing<TemporaryMatrix, Matrix> {
 public:
  // Borrowed: the command buffer releases it when it is committed; do not release. macOS 10.13.
  static TemporaryMatrix* temporaryMatrix(const MTL::CommandBuffer* pCommandBuffer,
                                          const MatrixDescriptor* pMatrixDescriptor);

  // Hint: the descriptors (an array of MatrixDescriptor) of temporaries that will be made. macOS 10.13.
  static void prefetchStorage(const MTL::CommandBuffer* pCommandBuffer, const NS::Array* pMatrixDescriptorList);

  // How many more encodes may read it; 1 at first. Must not be changed once it is 0. macOS 10.13.
  NS::UInteger readCount() const;
  void setReadCount(NS::UInteger readCount);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixDescriptor* MPS::MatrixDescriptor::matrixDescriptor(NS::UInteger rows, NS::UInteger columns,
                                                                           NS::UInteger rowBytes,
                                                                           MPS::DataType dataType) {
  return Object::sendMessage<MPS::MatrixDescriptor*>(
      _MPS_PRIVATE_CLS(MPSMatrixDescriptor), _MPS_PRIVATE_SEL(matrixDescriptorWithRows_columns_rowBytes_dataType_),
      rows, columns, rowBytes, dataType);
}

_MPS_INLINE MPS::MatrixDescriptor* MPS::MatrixDescriptor::matrixDescriptor(NS::UInteger rows, NS::UInteger columns,
                                                                           NS::UInteger matrices, NS::UInteger rowBytes,
                                                                           NS::UInteger matrixBytes,
                                                                           MPS::DataType dataType) {
  return Object::sendMessage<MPS::MatrixDescriptor*>(
      _MPS_PRIVATE_CLS(MPSMatrixDescriptor),
      _MPS_PRIVATE_SEL(matrixDescriptorWithRows_columns_matrices_rowBytes_matrixBytes_dataType_), rows, columns,
      matrices, rowBytes, matrixBytes, dataType);
}

_MPS_INLINE std::size_t MPS::MatrixDescriptor::rowBytesForColumns(NS::UInteger columns, MPS::DataType dataType) {
  return Object::sendMessage<std::size_t>(_MPS_PRIVATE_CLS(MPSMatrixDescriptor),
                                          _MPS_PRIVATE_SEL(rowBytesForColumns_dataType_), columns, dataType);
}

_MPS_INLINE NS::UInteger MPS::MatrixDescriptor::rows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rows));
}

_MPS_INLINE void MPS::MatrixDescriptor::setRows(NS::UInteger rows) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setRows_), rows);
}

_MPS_INLINE NS::UInteger MPS::MatrixDescriptor::columns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(columns));
}

_MPS_INLINE void MPS::MatrixDescriptor::setColumns(NS::UInteger columns) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setColumns_), columns);
}

_MPS_INLINE NS::UInteger MPS::MatrixDescriptor::matrices() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(matrices));
}

_MPS_INLINE MPS::DataType MPS::MatrixDescriptor::dataType() const {
  return Object::sendMessage<MPS::DataType>(this, _MPS_PRIVATE_SEL(dataType));
}

_MPS_INLINE void MPS::MatrixDescriptor::setDataType(MPS::DataType dataType) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setDataType_), dataType);
}

_MPS_INLINE NS::UInteger MPS::MatrixDescriptor::rowBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rowBytes));
}

_MPS_INLINE void MPS::MatrixDescriptor::setRowBytes(NS::UInteger rowBytes) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setRowBytes_), rowBytes);
}

_MPS_INLINE NS::UInteger MPS::MatrixDescriptor::matrixBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(matrixBytes));
}

_MPS_INLINE MPS::Matrix* MPS::Matrix::alloc() {
  return NS::Object::alloc<MPS::Matrix>(_MPS_PRIVATE_CLS(MPSMatrix));
}

_MPS_INLINE MPS::Matrix* MPS::Matrix::init(const MTL::Buffer* pBuffer, const MPS::MatrixDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Matrix*>(this, _MPS_PRIVATE_SEL(initWithBuffer_descriptor_), pBuffer, pDescriptor);
}

_MPS_INLINE MPS::Matrix* MPS::Matrix::init(const MTL::Buffer* pBuffer, NS::UInteger offset,
                                           const MPS::MatrixDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Matrix*>(this, _MPS_PRIVATE_SEL(initWithBuffer_offset_descriptor_), pBuffer, offset,
                                           pDescriptor);
}

_MPS_INLINE MPS::Matrix* MPS::Matrix::init(const MTL::Device* pDevice, const MPS::MatrixDescriptor* pDescriptor) {
  return Object::sendMessage<MPS::Matrix*>(this, _MPS_PRIVATE_SEL(initWithDevice_descriptor_), pDevice, pDescriptor);
}

_MPS_INLINE MTL::Device* MPS::Matrix::device() const {
  return Object::sendMessage<MTL::Device*>(this, _MPS_PRIVATE_SEL(device));
}

_MPS_INLINE MTL::Buffer* MPS::Matrix::data() const {
  return Object::sendMessage<MTL::Buffer*>(this, _MPS_PRIVATE_SEL(data));
}

_MPS_INLINE NS::UInteger MPS::Matrix::rows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rows));
}

_MPS_INLINE NS::UInteger MPS::Matrix::columns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(columns));
}

_MPS_INLINE NS::UInteger MPS::Matrix::matrices() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(matrices));
}

_MPS_INLINE MPS::DataType MPS::Matrix::dataType() const {
  return Object::sendMessage<MPS::DataType>(this, _MPS_PRIVATE_SEL(dataType));
}

_MPS_INLINE NS::UInteger MPS::Matrix::rowBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rowBytes));
}

_MPS_INLINE NS::UInteger MPS::Matrix::matrixBytes() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(matrixBytes));
}

_MPS_INLINE NS::UInteger MPS::Matrix::offset() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(offset));
}

_MPS_INLINE NS::UInteger MPS::Matrix::resourceSize() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(resourceSize));
}

_MPS_INLINE void MPS::Matrix::synchronizeOnCommandBuffer(const MTL::CommandBuffer* pCommandBuffer) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(synchronizeOnCommandBuffer_), pCommandBuffer);
}

_MPS_INLINE MPS::TemporaryMatrix* MPS::TemporaryMatrix::temporaryMatrix(
    const MTL::CommandBuffer* pCommandBuffer, const MPS::MatrixDescriptor* pMatrixDescriptor) {
  return Object::sendMessage<MPS::TemporaryMatrix*>(
      _MPS_PRIVATE_CLS(MPSTemporaryMatrix), _MPS_PRIVATE_SEL(temporaryMatrixWithCommandBuffer_matrixDescriptor_),
      pCommandBuffer, pMatrixDescriptor);
}

_MPS_INLINE void MPS::TemporaryMatrix::prefetchStorage(const MTL::CommandBuffer* pCommandBuffer,
                                                       const NS::Array* pMatrixDescriptorList) {
  Object::sendMessage<void>(_MPS_PRIVATE_CLS(MPSTemporaryMatrix),
                            _MPS_PRIVATE_SEL(prefetchStorageWithCommandBuffer_matrixDescriptorList_), pCommandBuffer,
                            pMatrixDescriptorList);
}

_MPS_INLINE NS::UInteger MPS::TemporaryMatrix::readCount() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(readCount));
}

_MPS_INLINE void MPS::TemporaryMatrix::setReadCount(NS::UInteger readCount) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setReadCount_), readCount);
}
