// MPSMatrixCopyDescriptor and MPSMatrixCopy: many rectangular copies in one encode, transposed or permuted.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "MPSDefines.hpp"
#include "MPSKernel.hpp"
#include "MPSMatrix.hpp"
#include "MPSPrivate.hpp"
#include "MPSTypes.hpp"
#include "MPSVector.hpp"

namespace MPS {

// Which matrices are copied where. The copies run in any order and must not overlap. macOS 10.13, as all its methods.
class MatrixCopyDescriptor : public NS::Referencing<MatrixCopyDescriptor> {
 public:
  static MatrixCopyDescriptor* alloc();

  // Autoreleased: one copy.
  static MatrixCopyDescriptor* descriptor(const Matrix* pSourceMatrix, const Matrix* pDestinationMatrix,
                                          MatrixCopyOffsets offsets);

  // +1. `count` copies, each to be set by setCopyOperation before use.
  MatrixCopyDescriptor* init(const MTL::Device* pDevice, NS::UInteger count);

  // +1. Arrays of Matrix of equal length; pOffsets: UInt32 holding one MatrixCopyOffsets a copy, from byteOffset on
  // (a multiple of 16), or null for zeros; read by the GPU.
  MatrixCopyDescriptor* init(const NS::Array* pSourceMatrices, const NS::Array* pDestinationMatrices,
                             const Vector* pOffsets, NS::UInteger byteOffset);

  // Sets copy `index`; retains the matrices.
  void setCopyOperation(NS::UInteger index, const Matrix* pSourceMatrix, const Matrix* pDestinationMatrix,
                        MatrixCopyOffsets offsets);
};

// Copies copyRows x copyColumns elements in each copy of a descriptor. macOS 10.13, as all its methods.
class MatrixCopy : public NS::Referencing<MatrixCopy, Kernel> {
 public:
  static MatrixCopy* alloc();

  // +1. A transposed side is stored [copyColumns, copyRows].
  MatrixCopy* init(const MTL::Device* pDevice, NS::UInteger copyRows, NS::UInteger copyColumns,
                   bool sourcesAreTransposed, bool destinationsAreTransposed);

  NS::UInteger copyRows() const;
  NS::UInteger copyColumns() const;
  bool sourcesAreTransposed() const;
  bool destinationsAreTransposed() const;

  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const MatrixCopyDescriptor* pCopyDescriptor);

  // Row i of a copy goes to row pRowPermuteIndices[rowPermuteOffset + i] of the destination's region, column j
  // likewise. Index vectors are UInt32 or null; offsets count elements. The permutation follows the destination's
  // transpose.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const MatrixCopyDescriptor* pCopyDescriptor,
                             const Vector* pRowPermuteIndices, NS::UInteger rowPermuteOffset,
                             const Vector* pColumnPermuteIndices, NS::UInteger columnPermuteOffset);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixCopyDescriptor* MPS::MatrixCopyDescriptor::alloc() {
  return NS::Object::alloc<MPS::MatrixCopyDescriptor>(_MPS_PRIVATE_CLS(MPSMatrixCopyDescriptor));
}

_MPS_INLINE MPS::MatrixCopyDescriptor* MPS::MatrixCopyDescriptor::descriptor(const MPS::Matrix* pSourceMatrix,
                                                                             const MPS::Matrix* pDestinationMatrix,
                                                                             MPS::MatrixCopyOffsets offsets) {
  return Object::sendMessage<MPS::MatrixCopyDescriptor*>(
      _MPS_PRIVATE_CLS(MPSMatrixCopyDescriptor),
      _MPS_PRIVATE_SEL(descriptorWithSourceMatrix_destinationMatrix_offsets_), pSourceMatrix, pDestinationMatrix,
      offsets);
}

_MPS_INLINE MPS::MatrixCopyDescriptor* MPS::MatrixCopyDescriptor::init(const MTL::Device* pDevice, NS::UInteger count) {
  return Object::sendMessage<MPS::MatrixCopyDescriptor*>(this, _MPS_PRIVATE_SEL(initWithDevice_count_), pDevice, count);
}

_MPS_INLINE MPS::MatrixCopyDescriptor* MPS::MatrixCopyDescriptor::init(const NS::Array* pSourceMatrices,
                                                                       const NS::Array* pDestinationMatrices,
                                                                       const MPS::Vector* pOffsets,
                                                                       NS::UInteger byteOffset) {
  return Object::sendMessage<MPS::MatrixCopyDescriptor*>(
      this, _MPS_PRIVATE_SEL(initWithSourceMatrices_destinationMatrices_offsetVector_offset_), pSourceMatrices,
      pDestinationMatrices, pOffsets, byteOffset);
}

_MPS_INLINE void MPS::MatrixCopyDescriptor::setCopyOperation(NS::UInteger index, const MPS::Matrix* pSourceMatrix,
                                                             const MPS::Matrix* pDestinationMatrix,
                                                             MPS::MatrixCopyOffsets offsets) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setCopyOperationAtIndex_sourceMatrix_destinationMatrix_offsets_),
                            index, pSourceMatrix, pDestinationMatrix, offsets);
}

_MPS_INLINE MPS::MatrixCopy* MPS::MatrixCopy::alloc() {
  return NS::Object::alloc<MPS::MatrixCopy>(_MPS_PRIVATE_CLS(MPSMatrixCopy));
}

_MPS_INLINE MPS::MatrixCopy* MPS::MatrixCopy::init(const MTL::Device* pDevice, NS::UInteger copyRows,
                                                   NS::UInteger copyColumns, bool sourcesAreTransposed,
                                                   bool destinationsAreTransposed) {
  return Object::sendMessage<MPS::MatrixCopy*>(
      this, _MPS_PRIVATE_SEL(initWithDevice_copyRows_copyColumns_sourcesAreTransposed_destinationsAreTransposed_),
      pDevice, copyRows, copyColumns, sourcesAreTransposed, destinationsAreTransposed);
}

_MPS_INLINE NS::UInteger MPS::MatrixCopy::copyRows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(copyRows));
}

_MPS_INLINE NS::UInteger MPS::MatrixCopy::copyColumns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(copyColumns));
}

_MPS_INLINE bool MPS::MatrixCopy::sourcesAreTransposed() const {
  return Object::sendMessage<bool>(this, _MPS_PRIVATE_SEL(sourcesAreTransposed));
}

_MPS_INLINE bool MPS::MatrixCopy::destinationsAreTransposed() const {
  return Object::sendMessage<bool>(this, _MPS_PRIVATE_SEL(destinationsAreTransposed));
}

_MPS_INLINE void MPS::MatrixCopy::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                        const MPS::MatrixCopyDescriptor* pCopyDescriptor) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(encodeToCommandBuffer_copyDescriptor_), pCommandBuffer,
                            pCopyDescriptor);
}

_MPS_INLINE void MPS::MatrixCopy::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                        const MPS::MatrixCopyDescriptor* pCopyDescriptor,
                                                        const MPS::Vector* pRowPermuteIndices,
                                                        NS::UInteger rowPermuteOffset,
                                                        const MPS::Vector* pColumnPermuteIndices,
                                                        NS::UInteger columnPermuteOffset) {
  Object::sendMessage<void>(
      this,
      _MPS_PRIVATE_SEL(
          encodeToCommandBuffer_copyDescriptor_rowPermuteIndices_rowPermuteOffset_columnPermuteIndices_columnPermuteOffset_),
      pCommandBuffer, pCopyDescriptor, pRowPermuteIndices, rowPermuteOffset, pColumnPermuteIndices,
      columnPermuteOffset);
}
