// The op suite and the unit tests of the Metal backend with kernels from files instead of those in the library, so that
// a mutant needs no build. TEMPER_MUTANT: "file<newline>text" of a changed file, its path; TEMPER_MUTANT_COVERAGE:
// where to write which kernel files each test ran, with its milliseconds.
#include <gtest/gtest.h>
#include <metalhost/event_log.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "device/metal/pipelines.h"
#include "mutation/kernel_folder.h"

namespace temper {
namespace {

std::vector<mutation::FlatKernel> load_kernels() {
  const std::filesystem::path folder = TEMPER_SOURCE_DIR "/src/device/metal";
  const char* mutant = std::getenv("TEMPER_MUTANT");
  if (!mutant) return mutation::flat_kernels(folder);
  std::ifstream file(mutant, std::ios::binary);
  std::string changed;
  std::getline(file, changed);
  std::stringstream text;
  text << file.rdbuf();
  return mutation::flat_kernels(folder, changed, text.str());
}

const std::vector<mutation::FlatKernel>& kernels() {
  static const std::vector<mutation::FlatKernel> all = load_kernels();
  return all;
}

/// Kernel function -> the file it is in.
std::map<std::string, std::string> files_of_functions() {
  std::map<std::string, std::string> files;
  const metal::AutoreleaseScope scope;
  const auto gpu = metal::Gpu::open(0);
  for (const mutation::FlatKernel& kernel : kernels()) {
    NS::Error* error = nullptr;
    const auto library = metal::Retained<MTL::Library>::adopt(
        gpu->device().newLibrary(metal::text(kernel.text), static_cast<MTL::CompileOptions*>(nullptr), &error));
    if (!library) continue;
    const NS::Array* names = library->functionNames();
    for (NS::UInteger i = 0; i < names->count(); ++i)
      files[static_cast<const NS::String*>(names->object(i))->utf8String()] = kernel.name;
  }
  return files;
}

class Coverage : public ::testing::EmptyTestEventListener {
 public:
  explicit Coverage(const char* path) : out_(path), files_(files_of_functions()) {}

  void OnTestStart(const ::testing::TestInfo&) override { metalhost::start_event_log(); }
  void OnTestEnd(const ::testing::TestInfo& info) override {
    std::set<std::string> files;
    for (const metalhost::Event& event : metalhost::stop_event_log())
      if (event.kind == metalhost::EventKind::dispatch)
        if (const auto found = files_.find(event.detail); found != files_.end())
          files.insert(found->second + ":" + event.detail);
    if (files.empty() || !info.result()->Passed()) return;
    out_ << info.test_suite_name() << '.' << info.name() << '\t' << info.result()->elapsed_time();
    for (const std::string& file : files) out_ << '\t' << file;
    out_ << std::endl;
  }

 private:
  std::ofstream out_;
  std::map<std::string, std::string> files_;
};

}  // namespace

namespace metal {

// In the library's place: the linker takes this one, since it comes first.
const std::vector<KernelSource>& kernel_sources() {
  static const std::vector<KernelSource> sources = [] {
    std::vector<KernelSource> all;
    for (const mutation::FlatKernel& kernel : kernels()) all.push_back({kernel.name, kernel.text});
    return all;
  }();
  return sources;
}

}  // namespace metal
}  // namespace temper

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (const char* path = std::getenv("TEMPER_MUTANT_COVERAGE"))
    ::testing::UnitTest::GetInstance()->listeners().Append(new temper::Coverage(path));
  return RUN_ALL_TESTS();
}
