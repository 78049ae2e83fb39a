// MPSMatrixFindTopK: the largest values of each row and where they are.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "MPSDefines.hpp"
#include "MPSKernel.hpp"
#include "MPSMatrix.hpp"
#include "MPSPrivate.hpp"

namespace MPS {

// The k largest values of each row, in descending order, with their column numbers; k is at most 16. macOS 10.13.4, as
// all its methods.
class MatrixFindTopK : public NS::Referencing<MatrixFindTopK, MatrixUnaryKernel> {
 public:
  static MatrixFindTopK* alloc();

  // +1. numberOfTopKValues: 1 to 16.
  MatrixFindTopK* init(const MTL::Device* pDevice, NS::UInteger numberOfTopKValues);

  // How many rows and columns to search from the source's origin on; at first (NSUIntegerMax) all there are.
  NS::UInteger sourceRows() const;
  void setSourceRows(NS::UInteger sourceRows);

  NS::UInteger sourceColumns() const;
  void setSourceColumns(NS::UInteger sourceColumns);

  // Added to every index, which counts from the source's origin; 0 at first.
  NS::UInteger indexOffset() const;
  void setIndexOffset(NS::UInteger indexOffset);

  // k; 1 to 16.
  NS::UInteger numberOfTopKValues() const;
  void setNumberOfTopKValues(NS::UInteger numberOfTopKValues);

  // Input and values have the same type, Float32 or Float16; indices are UInt32. Both results hold
  // [sourceRows, numberOfTopKValues] from the result origin on: MPS does not check it.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const Matrix* pInputMatrix,
                             const Matrix* pResultIndexMatrix, const Matrix* pResultValueMatrix);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixFindTopK* MPS::MatrixFindTopK::alloc() {
  return NS::Object::alloc<MPS::MatrixFindTopK>(_MPS_PRIVATE_CLS(MPSMatrixFindTopK));
}

_MPS_INLINE MPS::MatrixFindTopK* MPS::MatrixFindTopK::init(const MTL::Device* pDevice,
                                                           NS::UInteger numberOfTopKValues) {
  return Object::sendMessage<MPS::MatrixFindTopK*>(this, _MPS_PRIVATE_SEL(initWithDevice_numberOfTopKValues_), pDevice,
                                                   numberOfTopKValues);
}

_MPS_INLINE NS::UInteger MPS::MatrixFindTopK::sourceRows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceRows));
}

_MPS_INLINE void MPS::MatrixFindTopK::setSourceRows(NS::UInteger sourceRows) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceRows_), sourceRows);
}

_MPS_INLINE NS::UInteger MPS::MatrixFindTopK::sourceColumns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceColumns));
}

_MPS_INLINE void MPS::MatrixFindTopK::setSourceColumns(NS::UInteger sourceColumns) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceColumns_), sourceColumns);
}

_MPS_INLINE NS::UInteger MPS::MatrixFindTopK::indexOffset() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(indexOffset));
}

_MPS_INLINE void MPS::MatrixFindTopK::setIndexOffset(NS::UInteger indexOffset) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setIndexOffset_), indexOffset);
}

_MPS_INLINE NS::UInteger MPS::MatrixFindTopK::numberOfTopKValues() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(numberOfTopKValues));
}

_MPS_INLINE void MPS::MatrixFindTopK::setNumberOfTopKValues(NS::UInteger numberOfTopKValues) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setNumberOfTopKValues_), numberOfTopKValues);
}

_MPS_INLINE void MPS::MatrixFindTopK::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                            const MPS::Matrix* pInputMatrix,
                                                            const MPS::Matrix* pResultIndexMatrix,
                                                            const MPS::Matrix* pResultValueMatrix) {
  Object::sendMessage<void>(this,
                            _MPS_PRIVATE_SEL(encodeToCommandBuffer_inputMatrix_resultIndexMatrix_resultValueMatrix_),
                            pCommandBuffer, pInputMatrix, pResultIndexMatrix, pResultValueMatrix);
}
