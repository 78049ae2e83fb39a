// MPSKernel, the base of all kernels, and the bases of kernels with one and with two source matrices.
#pragma once

#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "MPSDefines.hpp"
#include "MPSPrivate.hpp"
#include "MPSTypes.hpp"

struct _NSZone;

namespace MPS {

// Whether MPS runs on this device; null is answered with false. A C function: calling it also makes sure that the
// linker keeps the framework, whose classes are otherwise found by name only. macOS 10.13.
_MPS_EXPORT bool SupportsMTLDevice(const MTL::Device* pDevice);

// An operation with its sizes and parameters, encoded any number of times. Creating one costs tens of microseconds:
// keep it. Properties are read when encoding; a kernel is used by one thread at a time (copy it for another thread).
class Kernel : public NS::Copying<Kernel> {
 public:
  // Borrowed: lives as long as the kernel. macOS 10.13.
  MTL::Device* device() const;

  // Name shown by debuggers and captures; null at first. The getter's result is borrowed, the setter copies.
  // macOS 10.13.
  NS::String* label() const;
  void setLabel(const NS::String* pLabel);

  // macOS 10.13.
  KernelOptions options() const;
  void setOptions(KernelOptions options);

  // +1: a copy for another thread or device; pZone is always null, a null device means the kernel's own. macOS 10.13.
  Kernel* copyWithZone(const ::_NSZone* pZone, const MTL::Device* pDevice) const;
};

// A kernel that reads one matrix and writes one. Never created itself. macOS 10.13.
class MatrixUnaryKernel : public NS::Referencing<MatrixUnaryKernel, Kernel> {
 public:
  // {row, column, 0} where reading starts in each source matrix; {0, 0, 0} at first.
  MTL::Origin sourceMatrixOrigin() const;
  void setSourceMatrixOrigin(MTL::Origin origin);

  // {row, column, 0} where writing starts in each result matrix; {0, 0, 0} at first.
  MTL::Origin resultMatrixOrigin() const;
  void setResultMatrixOrigin(MTL::Origin origin);

  // Index of the first matrix to process; 0 at first.
  NS::UInteger batchStart() const;
  void setBatchStart(NS::UInteger batchStart);

  // How many matrices to process; at first all that the operands hold from batchStart on.
  NS::UInteger batchSize() const;
  void setBatchSize(NS::UInteger batchSize);
};

// A kernel that reads two matrices (or a matrix and a vector) and writes one. Never created itself. macOS 10.13.
class MatrixBinaryKernel : public NS::Referencing<MatrixBinaryKernel, Kernel> {
 public:
  // {row, column, 0} where reading starts in each primary source matrix; {0, 0, 0} at first.
  MTL::Origin primarySourceMatrixOrigin() const;
  void setPrimarySourceMatrixOrigin(MTL::Origin origin);

  // {row, column, 0} where reading starts in each secondary source; for a vector {element, 0, 0}.
  MTL::Origin secondarySourceMatrixOrigin() const;
  void setSecondarySourceMatrixOrigin(MTL::Origin origin);

  // {row, column, 0} where writing starts in each result; for a vector {element, 0, 0}.
  MTL::Origin resultMatrixOrigin() const;
  void setResultMatrixOrigin(MTL::Origin origin);

  // Index of the first matrix (and vector) to process; 0 at first.
  NS::UInteger batchStart() const;
  void setBatchStart(NS::UInteger batchStart);

  // How many matrices (and vectors) to process; at first all that the operands hold from batchStart on.
  NS::UInteger batchSize() const;
  void setBatchSize(NS::UInteger batchSize);
};

}  // namespace MPS

#if defined(MPS_PRIVATE_IMPLEMENTATION)
extern "C" bool MPSSupportsMTLDevice(const MTL::Device*);

_MPS_EXPORT bool MPS::SupportsMTLDevice(const MTL::Device* pDevice) {
  return ::MPSSupportsMTLDevice(pDevice);
}
#endif

_MPS_INLINE MTL::Device* MPS::Kernel::device() const {
  return Object::sendMessage<MTL::Device*>(this, _MPS_PRIVATE_SEL(device));
}

_MPS_INLINE NS::String* MPS::Kernel::label() const {
  return Object::sendMessage<NS::String*>(this, _MPS_PRIVATE_SEL(label));
}

_MPS_INLINE void MPS::Kernel::setLabel(const NS::String* pLabel) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setLabel_), pLabel);
}

_MPS_INLINE MPS::KernelOptions MPS::Kernel::options() const {
  return Object::sendMessage<MPS::KernelOptions>(this, _MPS_PRIVATE_SEL(options));
}

_MPS_INLINE void MPS::Kernel::setOptions(MPS::KernelOptions options) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setOptions_), options);
}

_MPS_INLINE MPS::Kernel* MPS::Kernel::copyWithZone(const ::_NSZone* pZone, const MTL::Device* pDevice) const {
  return Object::sendMessage<MPS::Kernel*>(this, _MPS_PRIVATE_SEL(copyWithZone_device_), pZone, pDevice);
}

_MPS_INLINE MTL::Origin MPS::MatrixUnaryKernel::sourceMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(sourceMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixUnaryKernel::setSourceMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSourceMatrixOrigin_), origin);
}

_MPS_INLINE MTL::Origin MPS::MatrixUnaryKernel::resultMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(resultMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixUnaryKernel::setResultMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setResultMatrixOrigin_), origin);
}

_MPS_INLINE NS::UInteger MPS::MatrixUnaryKernel::batchStart() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchStart));
}

_MPS_INLINE void MPS::MatrixUnaryKernel::setBatchStart(NS::UInteger batchStart) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchStart_), batchStart);
}

_MPS_INLINE NS::UInteger MPS::MatrixUnaryKernel::batchSize() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchSize));
}

_MPS_INLINE void MPS::MatrixUnaryKernel::setBatchSize(NS::UInteger batchSize) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchSize_), batchSize);
}

_MPS_INLINE MTL::Origin MPS::MatrixBinaryKernel::primarySourceMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(primarySourceMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixBinaryKernel::setPrimarySourceMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setPrimarySourceMatrixOrigin_), origin);
}

_MPS_INLINE MTL::Origin MPS::MatrixBinaryKernel::secondarySourceMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(secondarySourceMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixBinaryKernel::setSecondarySourceMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setSecondarySourceMatrixOrigin_), origin);
}

_MPS_INLINE MTL::Origin MPS::MatrixBinaryKernel::resultMatrixOrigin() const {
  return Object::sendMessage<MTL::Origin>(this, _MPS_PRIVATE_SEL(resultMatrixOrigin));
}

_MPS_INLINE void MPS::MatrixBinaryKernel::setResultMatrixOrigin(MTL::Origin origin) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setResultMatrixOrigin_), origin);
}

_MPS_INLINE NS::UInteger MPS::MatrixBinaryKernel::batchStart() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchStart));
}

_MPS_INLINE void MPS::MatrixBinaryKernel::setBatchStart(NS::UInteger batchStart) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchStart_), batchStart);
}

_MPS_INLINE NS::UInteger MPS::MatrixBinaryKernel::batchSize() const {
  return Object::sendMessage<NS::UInteger>(this, _MPS_PRIVATE_SEL(batchSize));
}

_MPS_INLINE void MPS::MatrixBinaryKernel::setBatchSize(NS::UInteger batchSize) {
  Object::sendMessage<void>(this, _MPS_PRIVATE_SEL(setBatchSize_), batchSize);
}
