#include "device/metal/pipelines.h"

#include <dispatch/dispatch.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"

namespace temper::metal {
namespace {

std::string reason(const NS::Error* error) {
  return error ? error->localizedDescription()->utf8String() : "no reason given";
}

/// Null when there is none, or when this system is older than what it was compiled for.
Retained<MTL::Library> load_compiled(const Gpu& gpu, const KernelSource& source) {
  if (source.compiled.empty()) return {};
  dispatch_data_t data =
      dispatch_data_create(source.compiled.data(), source.compiled.size(), nullptr, DISPATCH_DATA_DESTRUCTOR_DEFAULT);
  NS::Error* error = nullptr;
  auto library = Retained<MTL::Library>::adopt(gpu.device().newLibrary(data, &error));
  dispatch_release(data);
  return library;
}

Retained<MTL::Library> compile(const Gpu& gpu, const KernelSource& source, NS::Error*& error) {
  const auto options = Retained<MTL::CompileOptions>::adopt(MTL::CompileOptions::alloc()->init());
  options->setLanguageVersion(MTL::LanguageVersion3_1);
  options->setFastMathEnabled(false);
  return Retained<MTL::Library>::adopt(gpu.device().newLibrary(text(source.text), options.get(), &error));
}

}  // namespace

std::string KernelName::text() const {
  std::string out = fmt::format("{}: {}", file, function);
  for (const FunctionConstant& constant : constants) out += fmt::format(" [{}={}]", constant.index, constant.bits);
  return out;
}

Pipelines::~Pipelines() {
  if (nothing_) gpu_->drop_resident(*nothing_);
}

MTL::Library& Pipelines::library(std::string_view file) {
  if (const auto found = libraries_.find(file); found != libraries_.end()) return *found->second;
  const auto source = std::ranges::find(kernel_sources(), file, &KernelSource::name);
  TEMPER_ASSERT(source != kernel_sources().end());
  NS::Error* error = nullptr;
  auto library = load_compiled(*gpu_, *source);
  if (!library) library = compile(*gpu_, *source, error);
  if (!library) fail(ErrorCode::internal, "metal: kernels/{}.metal doesn't compile: {}", file, reason(error));
  library->setLabel(text(file));
  return *libraries_.emplace(file, std::move(library)).first->second;
}

MTL::ComputePipelineState& Pipelines::get(const KernelName& name, Counters& counters) {
  std::string key = name.text();
  const std::lock_guard lock(mutex_);
  if (const auto found = pipelines_.find(key); found != pipelines_.end()) return *found->second;
  const AutoreleaseScope scope;
  const auto values = Retained<MTL::FunctionConstantValues>::adopt(MTL::FunctionConstantValues::alloc()->init());
  for (const FunctionConstant& constant : name.constants)
    values->setConstantValue(&constant.bits, constant.type, static_cast<NS::UInteger>(constant.index));
  NS::Error* error = nullptr;
  const auto function =
      Retained<MTL::Function>::adopt(library(name.file).newFunction(text(name.function), values.get(), &error));
  if (!function) fail(ErrorCode::internal, "metal: there is no kernel {}: {}", key, reason(error));
  const auto descriptor =
      Retained<MTL::ComputePipelineDescriptor>::adopt(MTL::ComputePipelineDescriptor::alloc()->init());
  descriptor->setComputeFunction(function.get());
  descriptor->setLabel(text(name.function));
  auto pipeline = archive_.find(*descriptor);
  if (pipeline) {
    ++counters.kernels_archived;
  } else {
    archive_.add(*descriptor);
    pipeline = Retained<MTL::ComputePipelineState>::adopt(
        gpu_->device().newComputePipelineState(descriptor.get(), MTL::PipelineOptionNone, nullptr, &error));
  }
  if (!pipeline) fail(ErrorCode::internal, "metal: no pipeline for {}: {}", key, reason(error));
  ++counters.kernels_created;
  return *pipelines_.emplace(std::move(key), std::move(pipeline)).first->second;
}

MTL::Buffer& Pipelines::nothing() {
  const std::lock_guard lock(mutex_);
  if (!nothing_) {
    nothing_ = gpu_->new_buffer(16, "nothing");
    if (!nothing_) fail(ErrorCode::out_of_memory, "metal: no memory for a buffer of 16 bytes");
    gpu_->keep_resident(*nothing_);
  }
  return *nothing_;
}

}  // namespace temper::metal
