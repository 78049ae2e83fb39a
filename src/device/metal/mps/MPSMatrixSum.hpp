// MPSMatrixSum: a scaled sum of matrices, with bias and activation.
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

// A = neuron(op(sum_i scale_i B_i) + bias), bias along the columns of every row; op is the identity or the transpose.
// macOS 10.13, as all its methods.
class MatrixSum : public NS::Referencing<MatrixSum, Kernel> {
 public:
  static MatrixSum* alloc();

  // +1. `count` sources, rows x columns of each are read; transpose: the result is [columns, rows].
  MatrixSum* init(const MTL::Device* pDevice, NS::UInteger count, NS::UInteger rows, NS::UInteger columns,
                  bool transpose);

  NS::UInteger rows() const;
  NS::UInteger columns() const;
  NS::UInteger count() const;
  bool transpose() const;

  // {row, column, 0} where writing starts; {0, 0, 0} at first.
  MTL::Origin resultMatrixOrigin() const;
  void setResultMatrixOrigin(MTL::Origin origin);

  // The activation, CNNNeuronTypeNone at first; CNNNeuronTypePReLU is not allowed.
  void setNeuronType(CNNNeuronType neuronType, float parameterA, float parameterB, float parameterC);
  CNNNeuronType neuronType() const;
  float neuronParameterA() const;
  float neuronParameterB() const;
  float neuronParameterC() const;

  // pSourceMatrices: array of `count` Matrix. pScaleVector: Float32, one factor a source, or null for ones.
  // pOffsetVector: UInt32 holding one MatrixOffset a source, or null for {0, 0}. pBiasVector: one element a result
  // column, or null. startIndex: the first entry to use in the scale and offset vectors.
  void encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer, const NS::Array* pSourceMatrices,
                             const Matrix* pResultMatrix, const Vector* pScaleVector, const Vector* pOffsetVector,
                             const Vector* pBiasVector, NS::UInteger startIndex);
};

}  // namespace MPS

_MPS_INLINE MPS::MatrixSum* MPS::MatrixSum::alloc() {
  return NS::Object::alloc<MPS::MatrixSum>(_MPS_PRIVATE_CLS(MPSMatrixSum));
}

_MPS_INLINE MPS::MatrixSum* MPS::MatrixSum::init(const MTL::Device* pDevice, NS::UInteger count, NS::UInteger rows,
                                                 NS::UInteger columns, bool transpose) {
  return Object::sendMessage<MPS::MatrixSum*>(this, _MPS_PRIVATE_SEL(initWithDevice_count_rows_columns_transpose_),
                                              pDevice, count, rows, columns, transpose);
}

_MPS_INLINE NS::UInteger MPS::MatrixSum::rows() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(rows));
}

_MPS_INLINE NS::UInteger MPS::MatrixSum::columns() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(columns));
}

_MPS_INLINE NS::UInteger MPS::MatrixSum::count() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(count));
}

_MPS_INLINE bool MPS::MatrixSum::transpose() const {
  return Object::sendMessage<bool>(this, _MPS_PRIVATE_SEL(transpose));
}

_MPS_INLINE MTL::Origin MPS::MatrixSum::resultMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(resultMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixSum::setResultMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setResultMatrixOrigin_), origin);
}

_MPS_INLINE void MPS::MatrixSum::setNeuronType(MPS::CNNNeuronType neuronType, float parameterA, float parameterB,
                                               float parameterC) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setNeuronType_parameterA_parameterB_parameterC_), neuronType,
                            parameterA, parameterB, parameterC);
}

_MPS_INLINE MPS::CNNNeuronType MPS::MatrixSum::neuronType() const {
  return Object::sendMessage<MPS::CNNNeuronType>(this, _MPS_PRIVATE_SEL(neuronType));
}

_MPS_INLINE float MPS::MatrixSum::neuronParameterA() const {
  return Object::sendMessage<float>(this, _MPS_PRIVATE_SEL(neuronParameterA));
}

_MPS_INLINE float MPS::MatrixSum::neuronParameterB() const {
  return Object::sendMessage<float>(this, _MPS_PRIVATE_SEL(neuronParameterB));
}

_MPS_INLINE float MPS::MatrixSum::neuronParameterC() const {
  return Object::sendMessage<float>(this, _MPS_PRIVATE_SEL(neuronParameterC));
}

_MPS_INLINE void MPS::MatrixSum::encodeToCommandBuffer(const MTL::CommandBuffer* pCommandBuffer,
                                                       const NS::Array* pSourceMatrices,
                                                       const MPS::Matrix* pResultMatrix,
                                                       const MPS::Vector* pScaleVector,
                                                       const MPS::Vector* pOffsetVector, const MPS::Vector* pBiasVector,
                                                       NS::UInteger startIndex) {
  Object::sendMessage<void>(
      this,
      _MPS_PRIVATE_SEL(
          encodeToCommandBuffer_sourceMatrices_resultMatrix_scaleVector_offsetVector_biasVector_startIndex_),
      pCommandBuffer, pSourceMatrices, pResultMatrix, pScaleVector, pOffsetVector, pBiasVector, startIndex);
}
