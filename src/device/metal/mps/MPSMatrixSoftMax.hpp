// MPSMatrixSoftMax, MPSMatrixLogSoftMax and MPSMatrixSoftMaxGradient: along the columns of each row.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "MPSDefines.hpp"
#include "MPSKernel.hpp"
#include "MPSMatrix.hpp"
#include "MPSPrivate.hpp"

namespace MPS {

// B_ij = exp(A_ij) / sum_k exp(A_ik). A and B have the same type, Float32 or Float16. macOS 10.13.
class MatrixSoftMax : public NS::Referencing<MatrixSoftMax, MatrixUnaryKernel> {
 public:
  static MatrixSoftMax* alloc();

  // +1. Shapes are taken from the matrices when encoding. macOS 10.13.
  MatrixSoftMax* init(const MTL::Device* pDevice);

  // How many rows and columns to process from the source's origin on; at first (NSUIntegerMax) all there are.
  // macOS 10.13.
  NS::UInteger sourceRows() const;
  void setSourceRows(NS::UInteger sourceRows);

  NS::UInteger sourceColumns() const;
  void setSourceColumns(NS::UInteger sourceColumns);

  // The result must hold sourceRows x sourceColumns from its origin on: MPS does not check it. macOS 10.13.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const Matrix* pInputMatrix,
                             const Matrix* pResultMatrix);
};

// B_ij = A_ij - ln sum_k exp(A_ik); everything else as MatrixSoftMax. macOS 10.13.
class MatrixLogSoftMax : public NS::Referencing<MatrixLogSoftMax, MatrixSoftMax> {
 public:
  static MatrixLogSoftMax* alloc();

  // +1. macOS 10.13.
  MatrixLogSoftMax* init(const MTL::Device* pDevice);
};

// dX_ij = Y_ij (dY_ij - sum_k dY_ik Y_ik), with Y the result of MatrixSoftMax. macOS 10.14, as all its methods.
class MatrixSoftMaxGradient : public NS::Referencing<MatrixSoftMaxGradient, MatrixBinaryKernel> {
 public:
  static MatrixSoftMaxGradient* alloc();

  // +1.
  MatrixSoftMaxGradient* init(const MTL::Device* pDevice);

  // How many rows and columns to process from the sources' origins on; at first (NSUIntegerMax) all there are.
  NS::UInteger sourceRows() const;
  void setSourceRows(NS::UInteger sourceRows);

  NS::UInteger sourceColumns() const;
  void setSourceColumns(NS::UInteger sourceColumns);

  // dY is the primary source, Y the secondary. The result must hold sourceRows x sourceColumns: MPS does not check it.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const Matrix* pGradientMatrix,
                             const Matrix* pForwardOutputMatrix, const Matrix* pResultMatrix);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixSoftMax* MPS::MatrixSoftMax::alloc() {
  return NS::Object::alloc<MPS::MatrixSoftMax>(_MPS_PRIVATE_CLS(MPSMatrixSoftMax));
}

_MPS_INLINE MPS::MatrixSoftMax* MPS::MatrixSoftMax::init(const MTL::Device* pDevice) {
  return Object::sendMessage<MPS::MatrixSoftMax*>(this, _MPS_PRIVATE_SEL(initWithDevice_), pDevice);
}

_MPS_INLINE NS::UInteger MPS::MatrixSoftMax::sourceRows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceRows));
}

_MPS_INLINE void MPS::MatrixSoftMax::setSourceRows(NS::UInteger sourceRows) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceRows_), sourceRows);
}

_MPS_INLINE NS::UInteger MPS::MatrixSoftMax::sourceColumns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceColumns));
}

_MPS_INLINE void MPS::MatrixSoftMax::setSourceColumns(NS::UInteger sourceColumns) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceColumns_), sourceColumns);
}

_MPS_INLINE void MPS::MatrixSoftMax::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                           const MPS::Matrix* pInputMatrix,
                                                           const MPS::Matrix* pResultMatrix) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(encodeToCommandBuffer_inputMatrix_resultMatrix_), pCommandBuffer,
                            pInputMatrix, pResultMatrix);
}

_MPS_INLINE MPS::MatrixLogSoftMax* MPS::MatrixLogSoftMax::alloc() {
  return NS::Object::alloc<MPS::MatrixLogSoftMax>(_MPS_PRIVATE_CLS(MPSMatrixLogSoftMax));
}

_MPS_INLINE MPS::MatrixLogSoftMax* MPS::MatrixLogSoftMax::init(const MTL::Device* pDevice) {
  return Object::sendMessage<MPS::MatrixLogSoftMax*>(this, _MPS_PRIVATE_SEL(initWithDevice_), pDevice);
}

_MPS_INLINE MPS::MatrixSoftMaxGradient* MPS::MatrixSoftMaxGradient::alloc() {
  return NS::Object::alloc<MPS::MatrixSoftMaxGradient>(_MPS_PRIVATE_CLS(MPSMatrixSoftMaxGradient));
}

_MPS_INLINE MPS::MatrixSoftMaxGradient* MPS::MatrixSoftMaxGradient::init(const MTL::Device* pDevice) {
  return Object::sendMessage<MPS::MatrixSoftMaxGradient*>(this, _MPS_PRIVATE_SEL(initWithDevice_), pDevice);
}

_MPS_INLINE NS::UInteger MPS::MatrixSoftMaxGradient::sourceRows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceRows));
}

_MPS_INLINE void MPS::MatrixSoftMaxGradient::setSourceRows(NS::UInteger sourceRows) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceRows_), sourceRows);
}

_MPS_INLINE NS::UInteger MPS::MatrixSoftMaxGradient::sourceColumns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(sourceColumns));
}

_MPS_INLINE void MPS::MatrixSoftMaxGradient::setSourceColumns(NS::UInteger sourceColumns) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceColumns_), sourceColumns);
}

_MPS_INLINE void MPS::MatrixSoftMaxGradient::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                                   const MPS::Matrix* pGradientMatrix,
                                                                   const MPS::Matrix* pForwardOutputMatrix,
                                                                   const MPS::Matrix* pResultMatrix) {
  Object::sendMessage<void>(this,
                            _MPS_PRIVATE_SEL(encodeToCommandBuffer_gradientMatrix_forwardOutputMatrix_resultMatrix_),
                            pCommandBuffer, pGradientMatrix, pForwardOutputMatrix, pResultMatrix);
}
