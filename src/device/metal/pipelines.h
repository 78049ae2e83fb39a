#pragma once

#include <Metal/Metal.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/counters.h"
#include "device/metal/gpu.h"
#include "device/metal/pipeline_archive.h"

namespace temper::metal {

/// A source in Metal's language, as it was in kernels/ when the library was built.
struct KernelSource {
  std::string_view name;  // of the file, without .metal
  std::string_view text;
  /// What Apple's compiler made of it when temper was built (a .metallib); empty where that compiler wasn't there.
  std::span<const unsigned char> compiled = {};
};

/// A value that a kernel is compiled for: `constant T name [[function_constant(index)]]`.
struct FunctionConstant {
  FunctionConstant(int i, bool v) : index(i), type(MTL::DataTypeBool), bits(v ? 1 : 0) {}
  FunctionConstant(int i, int32_t v) : index(i), type(MTL::DataTypeInt), bits(static_cast<uint32_t>(v)) {}
  int index;
  MTL::DataType type;
  uint32_t bits;
};

/// Which kernel: a function of kernels/<file>.metal, compiled for some constants.
struct KernelName {
  std::string_view file;
  std::string function;
  std::vector<FunctionConstant> constants = {};
  /// "rope: rope_f32 [0=1]".
  std::string text() const;
};

/// The compiled kernels of a device, by name, made when first asked for and kept, from process to process in
/// `archive_folder` unless that is empty. Thread-safe.
class Pipelines {
 public:
  Pipelines(std::shared_ptr<Gpu> gpu, const std::filesystem::path& archive_folder)
      : gpu_(std::move(gpu)), archive_(gpu_, archive_folder) {}
  ~Pipelines();

  /// Throws Error{internal} with the compiler's message when the device doesn't take the kernel.
  MTL::ComputePipelineState& get(const KernelName& name, Counters& counters);
  /// What is bound where a kernel is given no tensor: 16 bytes that it must not touch.
  MTL::Buffer& nothing();

 private:
  MTL::Library& library(std::string_view file);

  std::shared_ptr<Gpu> gpu_;
  std::mutex mutex_;
  PipelineArchive archive_;
  std::map<std::string, Retained<MTL::Library>, std::less<>> libraries_;
  std::map<std::string, Retained<MTL::ComputePipelineState>> pipelines_;
  Retained<MTL::Buffer> nothing_;
};

/// All of kernels/*.metal; generated.
const std::vector<KernelSource>& kernel_sources();

}  // namespace temper::metal
