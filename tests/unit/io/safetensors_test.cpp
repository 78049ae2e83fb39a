#include "io/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "temper/error.h"
#include "unit/io/format_builders.h"

namespace temper::io {
namespace {

using test::TemporaryFolder;

const float kFloats[] = {1.5f, -2.0f, 0.0f, 3.25f, 8.0f, -0.5f};
const uint16_t kBf16[] = {0x3f80, 0xc000, 0x0000};  // 1, -2, 0
const int64_t kLong[] = {-7};

std::vector<TensorToWrite> some_tensors() {
  return {
      {"b.bf16", DType::bf16, {3}, std::as_bytes(std::span(kBf16))},
      {"a.f32", DType::f32, {2, 3}, std::as_bytes(std::span(kFloats))},
      {"scalar", DType::i64, {}, std::as_bytes(std::span(kLong))},
      {"empty", DType::f32, {0, 4}, {}},
  };
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  write_safetensors(path, some_tensors(), {{"format", "pt"}, {"note", "ümlaut"}});

  const SafetensorsFile file(path);
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.metadata().at("note"), "ümlaut");
  const StoredTensor& a = file.at("a.f32");
  EXPECT_EQ(a.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(a.type, StoredType(DType::f32));
  EXPECT_EQ(to_f32(a), std::vector<float>(std::begin(kFloats), std::end(kFloats)));
  EXPECT_EQ(to_f32(file.at("b.bf16")), (std::vector<float>{1, -2, 0}));
  EXPECT_EQ(to_f32(file.at("scalar")), (std::vector<float>{-7}));
  EXPECT_TRUE(to_f32(file.at("empty")).empty());
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_THROW(file.at("c"), Error);
}

TEST(Safetensors, BytesDependOnTheTensorsOnlyAndAreAligned) {
  const TemporaryFolder folder;
  auto tensors = some_tensors();
  write_safetensors(folder.path() / "1", tensors, {{"k", "v"}});
  std::ranges::reverse(tensors);
  write_safetensors(folder.path() / "2", tensors, {{"k", "v"}});
  EXPECT_EQ(read_file(folder.path() / "1"), read_file(folder.path() / "2"));

  const SafetensorsFile file(folder.path() / "1");
  for (const StoredTensor& tensor : file.tensors())
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes.data()) % size_of(std::get<DType>(tensor.type)), 0u)
        << tensor.name;
}

TEST(Safetensors, RefusesToWriteNonsenseAndLeavesNoFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  auto tensors = some_tensors();
  tensors[1].shape = {7};
  EXPECT_THROW(write_safetensors(path, tensors), Error);
  tensors[1].shape = {2, 3};
  tensors[0].name = "a.f32";
  EXPECT_THROW(write_safetensors(path, tensors), Error);
  tensors[0].name = "__metadata__";
  EXPECT_THROW(write_safetensors(path, tensors), Error);
  tensors[0].name = "\xff";
  EXPECT_THROW(write_safetensors(path, tensors), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Safetensors, TensorsOutliveTheFileObject) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "x", some_tensors());
  StoredTensor kept;
  {
    const SafetensorsFile file(folder.path() / "x");
    kept = file.at("a.f32");
  }
  EXPECT_EQ(to_f32(kept)[3], 3.25f);
}

TEST(Safetensors, ReadsUnalignedDataAndTrailingSpacesOfTheHeader) {
  const std::string bytes = test::safetensors_bytes(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} )",
                                                    std::string("\0\0\x80\x3f", 4));
  const SafetensorsFile file(std::as_bytes(std::span(bytes)), nullptr, "memory");
  EXPECT_EQ(to_f32(file.at("x")), (std::vector<float>{1}));
}

TEST(Safetensors, ToF32RefusesABufferOfAnotherSize) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "x", some_tensors());
  const SafetensorsFile file(folder.path() / "x");
  std::vector<float> five(5);
  EXPECT_THROW(to_f32(file.at("a.f32"), five), Error);
}

TEST(SafetensorsSet, ReadsShardsThroughTheIndex) {
  const TemporaryFolder folder;
  const auto tensors = some_tensors();
  write_safetensors(folder.path() / "model-1.safetensors", std::span(tensors).first(1));
  write_safetensors(folder.path() / "model-2.safetensors", std::span(tensors).subspan(1, 2));
  test::write_text(folder.path() / "model.safetensors.index.json",
                   R"({"metadata": {"total_size": 38}, "weight_map": {"b.bf16": "model-1.safetensors",
                       "a.f32": "model-2.safetensors", "scalar": "model-2.safetensors"}})");
  const SafetensorsSet set(folder.path());
  EXPECT_EQ(set.names().size(), 3u);
  EXPECT_EQ(to_f32(set.at("a.f32"))[0], 1.5f);
  EXPECT_EQ(to_f32(set.at("b.bf16"))[1], -2.0f);
  EXPECT_THROW(set.at("lm_head.weight"), Error);
}

}  // namespace
}  // namespace temper::io
