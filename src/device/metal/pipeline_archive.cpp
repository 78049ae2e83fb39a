#include "device/metal/pipeline_archive.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <system_error>

#include "base/hash.h"
#include "device/metal/pipelines.h"

namespace temper::metal {
namespace {

constexpr const char* kExtension = ".metalarchive";
constexpr auto kKeptUnused = std::chrono::hours(24 * 30);

std::string archive_name(const Gpu& gpu) {
  std::string all = gpu.name();
  for (const KernelSource& source : kernel_sources()) all += source.text;
  return sha256(std::as_bytes(std::span(all))).substr(0, 16) + kExtension;
}

/// Those of other versions of temper that nobody has written for a month.
void remove_old_archives(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto age = std::filesystem::file_time_type::clock::now() - entry.last_write_time(error);
    if (!error && entry.path().extension() == kExtension && age > kKeptUnused)
      std::filesystem::remove(entry.path(), error);
  }
}

NS::URL* url_of(const std::filesystem::path& file) {
  return NS::URL::fileURLWithPath(text(file.string()));
}

}  // namespace

PipelineArchive::PipelineArchive(std::shared_ptr<Gpu> gpu, const std::filesystem::path& folder) : gpu_(std::move(gpu)) {
  if (folder.empty()) return;
  const AutoreleaseScope scope;
  file_ = folder / archive_name(*gpu_);
  std::error_code error;
  if (std::filesystem::exists(file_, error)) archive_ = open(file_);
  if (!archive_) archive_ = open({});
}

PipelineArchive::~PipelineArchive() {
  if (has_new_) save();
}

Retained<MTL::BinaryArchive> PipelineArchive::open(const std::filesystem::path& file) const {
  const auto descriptor = Retained<MTL::BinaryArchiveDescriptor>::adopt(MTL::BinaryArchiveDescriptor::alloc()->init());
  if (!file.empty()) descriptor->setUrl(url_of(file));
  NS::Error* error = nullptr;
  return Retained<MTL::BinaryArchive>::adopt(gpu_->device().newBinaryArchive(descriptor.get(), &error));
}

Retained<MTL::ComputePipelineState> PipelineArchive::find(MTL::ComputePipelineDescriptor& descriptor) {
  if (!archive_) return {};
  descriptor.setBinaryArchives(NS::Array::array(archive_.get()));
  NS::Error* error = nullptr;
  return Retained<MTL::ComputePipelineState>::adopt(
      gpu_->device().newComputePipelineState(&descriptor, MTL::PipelineOptionFailOnBinaryArchiveMiss, nullptr, &error));
}

void PipelineArchive::add(const MTL::ComputePipelineDescriptor& descriptor) {
  NS::Error* error = nullptr;
  if (archive_ && archive_->addComputePipelineFunctions(&descriptor, &error)) has_new_ = true;
}

void PipelineArchive::save() const {
  const AutoreleaseScope scope;
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  // Under another name first: a process that starts meanwhile reads a whole file or none.
  std::filesystem::path written = file_;
  written += fmt::format(".{}", getpid());
  NS::Error* refused = nullptr;
  if (archive_->serializeToURL(url_of(written), &refused)) std::filesystem::rename(written, file_, error);
  if (refused || error) std::filesystem::remove(written, error);
  remove_old_archives(file_.parent_path());
}

std::filesystem::path default_archive_folder() {
  const char* home = std::getenv("HOME");
  if (Gpu::is_emulated() || !home) return {};
  return std::filesystem::path(home) / "Library/Caches/temper";
}

}  // namespace temper::metal
