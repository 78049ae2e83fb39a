#pragma once

#include "temper/tensor.h"

// For programs that use Metal beside temper. Opt-in: nothing else in include/ mentions Metal, and this header only
// names metal-cpp's class. Objective-C code casts: `(__bridge id<MTLDevice>)temper::metal_device(tensor)`.
namespace MTL {
class Device;
}

namespace temper {

/// The Metal device that a tensor lives on, for buffers and pipelines that are to be used with it. Borrowed: the
/// tensor's memory keeps it alive; retain it to keep it longer, and don't release it otherwise. Throws
/// Error{device_mismatch} for a tensor of another device, Error{invalid_argument} for an undefined one. Only in builds
/// with the Metal backend (TEMPER_METAL).
MTL::Device* metal_device(const Tensor& tensor);

}  // namespace temper
