#include "device/metal/pipelines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"

namespace temper::metal {
namespace {

std::string reason(const NS::Error* error) {
  return error ? error->localizedDescription()->utf8String() : "no reason given";
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
  const auto options = Retained<MTL::CompileOptions>::adopt(MTL::CompileOptions::alloc()->init());
  options->setLanguageVersion(MTL::LanguageVersion3_1);
  options->setFastMathEnabled(false);
  NS::Error* error = nullptr;
  auto library = Retained<MTL::Library>::adopt(gpu_->device().newLibrary(text(source->text), options.get(), &error));
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
  auto pipeline =
      Retained<MTL::ComputePipelineState>::adopt(gpu_->device().newComputePipelineState(function.get(), &error));
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
