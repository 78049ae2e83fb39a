// Enumerations and plain structs of Metal Performance Shaders, with the widths that its headers declare.
#pragma once

#include <Foundation/NSTypes.hpp>
#include <cstdint>

#include "MPSDefines.hpp"

namespace MPS {

// Element type of a matrix or vector; 32 bits wide, unlike most of Metal's enumerations. The low 16 bits are the
// element size in bits. Matrix multiplication takes Float32 and Float16 (and Int8, Int16 as inputs of a float result);
// softmax and top-k take Float32 and Float16.
_MPS_ENUM(std::uint32_t, DataType){
    DataTypeInvalid = 0,

    DataTypeFloatBit = 0x10000000u,
    DataTypeFloat32 = DataTypeFloatBit | 32u,
    DataTypeFloat16 = DataTypeFloatBit | 16u,

    DataTypeSignedBit = 0x20000000u,
    DataTypeInt8 = DataTypeSignedBit | 8u,
    DataTypeInt16 = DataTypeSignedBit | 16u,
    DataTypeInt32 = DataTypeSignedBit | 32u,
    DataTypeInt64 = DataTypeSignedBit | 64u,  // macOS 11.0

    DataTypeUInt8 = 8u,
    DataTypeUInt16 = 16u,
    DataTypeUInt32 = 32u,
    DataTypeUInt64 = 64u,  // macOS 11.0

    DataTypeAlternateEncodingBit = 0x80000000u,                         // macOS 12.0
    DataTypeBool = DataTypeAlternateEncodingBit | 8u,                   // macOS 12.0
    DataTypeBFloat16 = DataTypeAlternateEncodingBit | DataTypeFloat16,  // macOS 14.0; no MPSMatrix kernel takes it

    DataTypeNormalizedBit = 0x40000000u,
    DataTypeUnorm1 = DataTypeNormalizedBit | 1u,
    DataTypeUnorm8 = DataTypeNormalizedBit | 8u,
};

// How a kernel encodes and computes; NSUInteger wide.
_MPS_OPTIONS(NS::UInteger, KernelOptions){
    KernelOptionsNone = 0,
    KernelOptionsSkipAPIValidation = 1 << 0,
    KernelOptionsAllowReducedPrecision = 1 << 1,
    KernelOptionsDisableInternalTiling = 1 << 2,
    KernelOptionsInsertDebugGroups = 1 << 3,
    KernelOptionsVerbose = 1 << 4,
};

// Activation that MatrixSum applies, with parameters a, b, c; 32 bits wide and signed.
_MPS_ENUM(std::int32_t, CNNNeuronType){
    CNNNeuronTypeNone = 0,          // x
    CNNNeuronTypeReLU = 1,          // x >= 0 ? x : a x
    CNNNeuronTypeLinear = 2,        // a x + b
    CNNNeuronTypeSigmoid = 3,       // 1 / (1 + exp(-x))
    CNNNeuronTypeHardSigmoid = 4,   // clamp(a x + b, 0, 1)
    CNNNeuronTypeTanH = 5,          // a tanh(b x)
    CNNNeuronTypeAbsolute = 6,      // |x|
    CNNNeuronTypeSoftPlus = 7,      // a log(1 + exp(b x))
    CNNNeuronTypeSoftSign = 8,      // x / (1 + |x|)
    CNNNeuronTypeELU = 9,           // x >= 0 ? x : a (exp(x) - 1)
    CNNNeuronTypePReLU = 10,        // a per channel: not for MatrixSum
    CNNNeuronTypeReLUN = 11,        // min(x >= 0 ? x : a x, b)
    CNNNeuronTypePower = 12,        // (a x + b)^c, macOS 10.13.4
    CNNNeuronTypeExponential = 13,  // c^(a x + b), macOS 10.13.4
    CNNNeuronTypeLogarithm = 14,    // log_c(a x + b), macOS 10.13.4
    CNNNeuronTypeGeLU = 15,         // x (1 + erf(x / sqrt 2)) / 2, macOS 10.15
};

// Where one copy of MatrixCopy reads and writes, in elements.
struct MatrixCopyOffsets {
  std::uint32_t sourceRowOffset;
  std::uint32_t sourceColumnOffset;
  std::uint32_t destinationRowOffset;
  std::uint32_t destinationColumnOffset;
};

// Where one source of MatrixSum starts, in elements: what the offset vector of its encode call holds, packed.
struct MatrixOffset {
  std::uint32_t rowOffset;
  std::uint32_t columnOffset;
};

}  // namespace MPS
