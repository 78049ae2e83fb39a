// MPSMatrixMultiplication and MPSMatrixVectorMultiplication.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "MPSDefines.hpp"
#include "MPSKernel.hpp"
#include "MPSMatrix.hpp"
#include "MPSPrivate.hpp"
#include "MPSVector.hpp"

namespace MPS {

// C = alpha op(A) op(B) + beta C for each matrix of a batch; op is the identity or the transpose. With beta 0, C is not
// read. macOS 10.13.
class MatrixMultiplication : public NS::Referencing<MatrixMultiplication, Kernel> {
 public:
  static MatrixMultiplication* alloc();

  // +1. op(A) [resultRows, interiorColumns], op(B) [interiorColumns, resultColumns], C [resultRows, resultColumns].
  // alpha and beta are rounded to C's element type. macOS 10.13.
  MatrixMultiplication* init(const MTL::Device* pDevice, bool transposeLeft, bool transposeRight,
                             NS::UInteger resultRows, NS::UInteger resultColumns, NS::UInteger interiorColumns,
                             double alpha, double beta);

  // +1. The same with no transpose, alpha 1 and beta 0. macOS 10.13.
  MatrixMultiplication* init(const MTL::Device* pDevice, NS::UInteger resultRows, NS::UInteger resultColumns,
                             NS::UInteger interiorColumns);

  // {row, column, 0} where op(A), op(B) and C start in their stored matrices; {0, 0, 0} at first. macOS 10.13.
  MTL::Origin leftMatrixOrigin() const;
  void setLeftMatrixOrigin(MTL::Origin origin);

  MTL::Origin rightMatrixOrigin() const;
  void setRightMatrixOrigin(MTL::Origin origin);

  MTL::Origin resultMatrixOrigin() const;
  void setResultMatrixOrigin(MTL::Origin origin);

  // First matrix of the batch (0 at first) and how many (at first all that the operands hold from there on).
  // macOS 10.13.
  NS::UInteger batchStart() const;
  void setBatchStart(NS::UInteger batchStart);

  NS::UInteger batchSize() const;
  void setBatchSize(NS::UInteger batchSize);

  // Each matrix must hold its operand from its origin on: the stored left matrix is op(A) or its transpose. Result and
  // sources must not overlap. macOS 10.13.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const Matrix* pLeftMatrix,
                             const Matrix* pRightMatrix, const Matrix* pResultMatrix);
};

// y = alpha op(A) x + beta y for each matrix and vector of a batch. macOS 10.13.
class MatrixVectorMultiplication : public NS::Referencing<MatrixVectorMultiplication, MatrixBinaryKernel> {
 public:
  static MatrixVectorMultiplication* alloc();

  // +1. op(A) [rows, columns], x [columns], y [rows]. macOS 10.13.
  MatrixVectorMultiplication* init(const MTL::Device* pDevice, bool transpose, NS::UInteger rows, NS::UInteger columns,
                                   double alpha, double beta);

  // +1. The same with no transpose, alpha 1 and beta 0. macOS 10.13.
  MatrixVectorMultiplication* init(const MTL::Device* pDevice, NS::UInteger rows, NS::UInteger columns);

  // The primary origin is A's {row, column, 0}, the secondary x's and the result's y's {element, 0, 0}. macOS 10.13.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const Matrix* pInputMatrix,
                             const Vector* pInputVector, const Vector* pResultVector);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixMultiplication* MPS::MatrixMultiplication::alloc() {
  return NS::Object::alloc<MPS::MatrixMultiplication>(_MPS_PRIVATE_CLS(MPSMatrixMultiplication));
}

_MPS_INLINE MPS::MatrixMultiplication* MPS::MatrixMultiplication::init(const MTL::Device* pDevice, bool transposeLeft,
                                                                       bool transposeRight, NS::UInteger resultRows,
                                                                       NS::UInteger resultColumns,
                                                                       NS::UInteger interiorColumns, double alpha,
                                                                       double beta) {
  return Object::sendMessage<MPS::MatrixMultiplication*>(
      this,
      _MPS_PRIVATE_SEL(
          initWithDevice_transposeLeft_transposeRight_resultRows_resultColumns_interiorColumns_alpha_beta_),
      pDevice, transposeLeft, transposeRight, resultRows, resultColumns, interiorColumns, alpha, beta);
}

_MPS_INLINE MPS::MatrixMultiplication* MPS::MatrixMultiplication::init(const MTL::Device* pDevice,
                                                                       NS::UInteger resultRows,
                                                                       NS::UInteger resultColumns,
                                                                       NS::UInteger interiorColumns) {
  return Object::sendMessage<MPS::MatrixMultiplication*>(
      this, _MPS_PRIVATE_SEL(initWithDevice_resultRows_resultColumns_interiorColumns_), pDevice, resultRows,
      resultColumns, interiorColumns);
}

_MPS_INLINE MTL::Origin MPS::MatrixMultiplication::leftMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(leftMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixMultiplication::setLeftMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setLeftMatrixOrigin_), origin);
}

_MPS_INLINE MTL::Origin MPS::MatrixMultiplication::rightMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(rightMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixMultiplication::setRightMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setRightMatrixOrigin_), origin);
}

_MPS_INLINE MTL::Origin MPS::MatrixMultiplication::resultMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(resultMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixMultiplication::setResultMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setResultMatrixOrigin_), origin);
}

_MPS_INLINE NS::UInteger MPS::MatrixMultiplication::batchStart() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchStart));
}

_MPS_INLINE void MPS::MatrixMultiplication::setBatchStart(NS::UInteger batchStart) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchStart_), batchStart);
}

_MPS_INLINE NS::UInteger MPS::MatrixMultiplication::batchSize() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchSize));
}

_MPS_INLINE void MPS::MatrixMultiplication::setBatchSize(NS::UInteger batchSize) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchSize_), batchSize);
}

_MPS_INLINE void MPS::MatrixMultiplication::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                                  const MPS::Matrix* pLeftMatrix,
                                                                  const MPS::Matrix* pRightMatrix,
                                                                  const MPS::Matrix* pResultMatrix) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(encodeToCommandBuffer_leftMatrix_rightMatrix_resultMatrix_),
                            pCommandBuffer, pLeftMatrix, pRightMatrix, pResultMatrix);
}

_MPS_INLINE MPS::MatrixVectorMultiplication* MPS::MatrixVectorMultiplication::alloc() {
  return NS::Object::alloc<MPS::MatrixVectorMultiplication>(_MPS_PRIVATE_CLS(MPSMatrixVectorMultiplication));
}

_MPS_INLINE MPS::MatrixVectorMultiplication* MPS::MatrixVectorMultiplication::init(const MTL::Device* pDevice,
                                                                                   bool transpose, NS::UInteger rows,
                                                                                   NS::UInteger columns, double alpha,
                                                                                   double beta) {
  return Object::sendMessage<MPS::MatrixVectorMultiplication*>(
      this, _MPS_PRIVATE_SEL(initWithDevice_transpose_rows_columns_alpha_beta_), pDevice, transpose, rows, columns,
      alpha, beta);
}

_MPS_INLINE MPS::MatrixVectorMultiplication* MPS::MatrixVectorMultiplication::init(const MTL::Device* pDevice,
                                                                                   NS::UInteger rows,
                                                                                   NS::UInteger columns) {
  return Object::sendMessage<MPS::MatrixVectorMultiplication*>(this, _MPS_PRIVATE_SEL(initWithDevice_rows_columns_),
                                                               pDevice, rows, columns);
}

_MPS_INLINE void MPS::MatrixVectorMultiplication::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                                        const MPS::Matrix* pInputMatrix,
                                                                        const MPS::Vector* pInputVector,
                                                                        const MPS::Vector* pResultVector) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(encodeToCommandBuffer_inputMatrix_inputVector_resultVector_),
                            pCommandBuffer, pInputMatrix, pInputVector, pResultVector);
}
