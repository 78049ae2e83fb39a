// Metal Performance Shaders' matrix kernels in C++, in metal-cpp's own conventions and for use beside it: header only,
// no runtime of its own, nothing but message sends. One translation unit of a program defines
// MPS_PRIVATE_IMPLEMENTATION before including this header, as it does NS_PRIVATE_IMPLEMENTATION and
// MTL_PRIVATE_IMPLEMENTATION; the program links MetalPerformanceShaders.framework. Needs clang (metal-cpp's headers
// hold blocks).
//
// Conventions of every header in mps/:
// - Ownership as in metal-cpp: what alloc(), init() and copy() return belongs to the caller (+1, to be released);
//   everything else is autoreleased or borrowed, and its comment says which.
// - Matrices are row-major. A kernel's origins are MTL::Origin{row, column, 0}: x counts rows, y counts columns.
// - Sizes, strides and offsets named ...Bytes or offset are in bytes, everything else in elements.
// - encodeToCommandBuffer() makes its own compute encoder: the caller's open encoder must have ended. The kernel's
// state
//   is copied; the command buffer retains the matrices' buffers as it does for any encoder.
// - "macOS 10.13" says which release introduced a class or method; all work from macOS 10.15 on unless said otherwise.
#pragma once

#include "mps/MPSDefines.hpp"
#include "mps/MPSKernel.hpp"
#include "mps/MPSMatrix.hpp"
#include "mps/MPSMatrixCopy.hpp"
#include "mps/MPSMatrixFindTopK.hpp"
#include "mps/MPSMatrixMultiplication.hpp"
#include "mps/MPSMatrixSoftMax.hpp"
#include "mps/MPSMatrixSum.hpp"
#include "mps/MPSPrivate.hpp"
#include "mps/MPSTypes.hpp"
#include "mps/MPSVector.hpp"
