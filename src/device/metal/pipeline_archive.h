#pragma once

#include <Metal/Metal.hpp>

#include <filesystem>
#include <memory>

#include "device/metal/gpu.h"

namespace temper::metal {

/// Kernels that earlier processes compiled, in a file of machine code (MTLBinaryArchive). It saves time and nothing
/// else: a file that can't be read counts as empty, and one that can't be written is left as it is. Not thread-safe.
class PipelineArchive {
 public:
  /// `folder` empty: nothing is kept. The file is named after the GPU and the text of all kernels, so that neither a
  /// new version of temper nor another machine finds what it can't use.
  PipelineArchive(std::shared_ptr<Gpu> gpu, const std::filesystem::path& folder);
  /// Writes what was added.
  ~PipelineArchive();
  PipelineArchive(const PipelineArchive&) = delete;
  PipelineArchive& operator=(const PipelineArchive&) = delete;

  /// The pipeline as it was compiled before; null when it wasn't.
  Retained<MTL::ComputePipelineState> find(MTL::ComputePipelineDescriptor& descriptor);
  /// Compiles it into the archive.
  void add(const MTL::ComputePipelineDescriptor& descriptor);

 private:
  Retained<MTL::BinaryArchive> open(const std::filesystem::path& file) const;
  void save() const;

  std::shared_ptr<Gpu> gpu_;
  std::filesystem::path file_;
  Retained<MTL::BinaryArchive> archive_;
  bool has_new_ = false;
};

/// The user's folder for it: ~/Library/Caches/temper on macOS; none (empty) on the emulated device, whose compiler has
/// a cache of its own.
std::filesystem::path default_archive_folder();

}  // namespace temper::metal
