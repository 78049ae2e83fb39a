#include <dispatch/dispatch.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "support/metal.h"

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;
constant uint increment [[function_constant(0)]];
kernel void add_step(device uint* x [[buffer(0)]], uint i [[thread_position_in_grid]]) { x[i] += increment; }
)";

NS::String* text(const char* characters) {
  return NS::String::string(characters, NS::UTF8StringEncoding);
}

class Libraries : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    pool_ = NS::AutoreleasePool::alloc()->init();
    path_ = (std::filesystem::temp_directory_path() / ("metalhost-archive-" + std::to_string(getpid()))).string();
  }
  void TearDown() override {
    pool_->release();
    std::filesystem::remove(path_);
    MetalTest::TearDown();
  }

  NS::URL* url() { return NS::URL::fileURLWithPath(text(path_.c_str())); }

  // add_step of a source, for a step; autoreleased.
  MTL::Function* function(const char* source, uint32_t step) {
    NS::Error* error = nullptr;
    auto* library = device_->newLibrary(text(source), static_cast<MTL::CompileOptions*>(nullptr), &error);
    auto* values = MTL::FunctionConstantValues::alloc()->init();
    values->setConstantValue(&step, MTL::DataTypeUInt, NS::UInteger{0});
    auto* function = library->newFunction(text("add_step"), values, &error);
    values->release();
    library->release();
    return function->autorelease();
  }
  MTL::ComputePipelineDescriptor* descriptor(const char* source, uint32_t step) {
    auto* descriptor = MTL::ComputePipelineDescriptor::alloc()->init();
    descriptor->setComputeFunction(function(source, step));
    return descriptor->autorelease();
  }
  MTL::BinaryArchive* open(bool from_file, NS::Error** error = nullptr) {
    auto* descriptor = MTL::BinaryArchiveDescriptor::alloc()->init();
    if (from_file) descriptor->setUrl(url());
    auto* archive = device_->newBinaryArchive(descriptor, error);
    descriptor->release();
    return archive ? archive->autorelease() : nullptr;
  }
  bool is_in(MTL::BinaryArchive* archive, MTL::ComputePipelineDescriptor* descriptor) {
    descriptor->setBinaryArchives(NS::Array::array(archive));
    NS::Error* error = nullptr;
    auto* pipeline =
        device_->newComputePipelineState(descriptor, MTL::PipelineOptionFailOnBinaryArchiveMiss, nullptr, &error);
    EXPECT_EQ(pipeline == nullptr, error != nullptr);
    if (!pipeline) return false;
    pipeline->release();
    return true;
  }

  NS::AutoreleasePool* pool_ = nullptr;
  std::string path_;
};

TEST_F(Libraries, AnArchiveHoldsWhatWasAddedAndNothingElse) {
  auto* archive = open(false);
  auto* first = descriptor(kSource, 1);
  EXPECT_FALSE(is_in(archive, first));
  ASSERT_TRUE(archive->addComputePipelineFunctions(first, nullptr));
  EXPECT_TRUE(is_in(archive, first));
  EXPECT_FALSE(is_in(archive, descriptor(kSource, 2))) << "other constants are another function";
  const std::string edited = std::string(kSource) + "// edited\n";
  EXPECT_FALSE(is_in(archive, descriptor(edited.c_str(), 1))) << "so is another text";
}

TEST_F(Libraries, AnArchiveIsReadBackFromItsFile) {
  auto* archive = open(false);
  ASSERT_TRUE(archive->addComputePipelineFunctions(descriptor(kSource, 1), nullptr));
  ASSERT_TRUE(archive->serializeToURL(url(), nullptr));
  auto* again = open(true);
  ASSERT_NE(again, nullptr);
  EXPECT_TRUE(is_in(again, descriptor(kSource, 1)));
  EXPECT_FALSE(is_in(again, descriptor(kSource, 3)));
}

TEST_F(Libraries, AFileThatIsNoArchiveIsRefused) {
  NS::Error* error = nullptr;
  EXPECT_EQ(open(true, &error), nullptr) << "no such file";
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code(), MTL::BinaryArchiveErrorInvalidFile);
  auto* archive = open(false);
  ASSERT_TRUE(archive->addComputePipelineFunctions(descriptor(kSource, 1), nullptr));
  ASSERT_TRUE(archive->serializeToURL(url(), nullptr));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 4);
  EXPECT_EQ(open(true, &error), nullptr) << "cut off";
}

TEST_F(Libraries, AnArchiveThatCantBeWrittenSaysSo) {
  NS::Error* error = nullptr;
  path_ = "/nowhere/at/all";
  EXPECT_FALSE(open(false)->serializeToURL(url(), &error));
  ASSERT_NE(error, nullptr);
  EXPECT_NE(std::string_view(error->localizedDescription()->utf8String()).find("/nowhere/at/all"),
            std::string_view::npos);
}

TEST_F(Libraries, ALibraryIsMadeOfDataInMemory) {
  dispatch_data_t data = dispatch_data_create(kSource, std::strlen(kSource), nullptr, DISPATCH_DATA_DESTRUCTOR_DEFAULT);
  EXPECT_EQ(dispatch_data_get_size(data), std::strlen(kSource));
  NS::Error* error = nullptr;
  auto* library = device_->newLibrary(data, &error);
  dispatch_release(data);
  ASSERT_NE(library, nullptr) << error->localizedDescription()->utf8String();
  EXPECT_EQ(library->functionNames()->count(), 1u);
  library->release();
}

TEST_F(Libraries, WhatApplesCompilerMadeIsRefusedByName) {
  dispatch_data_t data = dispatch_data_create("MTLB\1\0\2\0", 8, nullptr, DISPATCH_DATA_DESTRUCTOR_DEFAULT);
  NS::Error* error = nullptr;
  EXPECT_EQ(device_->newLibrary(data, &error), nullptr);
  dispatch_release(data);
  ASSERT_NE(error, nullptr);
  EXPECT_STREQ(error->localizedDescription()->utf8String(),
               "compiled by Apple's compiler: metalhost runs Metal kernels from source");
}

}  // namespace
