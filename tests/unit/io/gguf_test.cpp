#include "io/gguf.h"

#include <gtest/gtest.h>

#include "io/gguf_vocab.h"
#include "temper/error.h"
#include "unit/io/format_builders.h"

namespace temper::io {
namespace {

using namespace test;

struct InMemory {
  explicit InMemory(const GgufParts& parts)
      : bytes(parts.build()), file(std::as_bytes(std::span(bytes)), nullptr, "memory") {}
  std::string bytes;
  GgufFile file;
};

TEST(Gguf, ReadsMetadataOfEveryType) {
  GgufParts parts;
  parts.metadata = {kv_raw("u8", 0, le(uint8_t{200})),
                    kv_raw("i8", 1, le(int8_t{-3})),
                    kv_raw("u16", 2, le(uint16_t{60000})),
                    kv_raw("i16", 3, le(int16_t{-300})),
                    kv_u32("u32", 4000000000u),
                    kv_raw("i32", 5, le(int32_t{-5})),
                    kv_f32("f32", 0.5f),
                    kv_bool("bool", 1),
                    kv_string("string", "grün"),
                    kv_strings("strings", {"", "b", "cc"}),
                    kv_raw("u64", 10, le(uint64_t{1} << 63)),
                    kv_raw("i64", 11, le(INT64_MIN)),
                    kv_raw("f64", 12, le(1e300)),
                    kv_raw("ints", 9, le(3u) + le(uint64_t{2}) + le(int16_t{-1}) + le(int16_t{7})),
                    kv_raw("floats", 9, le(6u) + le(uint64_t{2}) + le(1.5f) + le(-2.0f)),
                    kv_raw("bools", 9, le(7u) + le(uint64_t{2}) + le(uint8_t{0}) + le(uint8_t{1})),
                    kv_raw("none", 9, le(5u) + le(uint64_t{0}))};
  const InMemory m(parts);
  const GgufFile& file = m.file;
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.keys().size(), 17u);
  EXPECT_EQ(file.keys()[0], "u8");
  EXPECT_EQ(file.get<int64_t>("u8"), 200);
  EXPECT_EQ(file.get<int64_t>("i8"), -3);
  EXPECT_EQ(file.get<int64_t>("u16"), 60000);
  EXPECT_EQ(file.get<int64_t>("i16"), -300);
  EXPECT_EQ(file.get<int64_t>("u32"), 4000000000);
  EXPECT_EQ(file.get<int64_t>("i32"), -5);
  EXPECT_EQ(file.get<int64_t>("i64"), INT64_MIN);
  EXPECT_EQ(file.get<double>("f32"), 0.5);
  EXPECT_EQ(file.get<double>("f64"), 1e300);
  EXPECT_EQ(file.get<bool>("bool"), true);
  EXPECT_EQ(file.get<std::string>("string"), "grün");
  EXPECT_EQ(file.get<std::vector<std::string>>("strings"), (std::vector<std::string>{"", "b", "cc"}));
  EXPECT_EQ(file.get<std::vector<int64_t>>("ints"), (std::vector<int64_t>{-1, 7}));
  EXPECT_EQ(file.get<std::vector<float>>("floats"), (std::vector<float>{1.5f, -2.0f}));
  EXPECT_EQ(file.get<std::vector<bool>>("bools"), (std::vector<bool>{false, true}));
  EXPECT_EQ(file.get<std::vector<int64_t>>("none"), std::vector<int64_t>{});
}

TEST(Gguf, LookUpsOfAnotherTypeAreErrorsAndAbsentKeysAreNot) {
  GgufParts parts;
  parts.metadata = {kv_u32("u32", 1), kv_string("string", "x"), kv_strings("strings", {"x"}),
                    kv_raw("u64", 10, le(uint64_t{1} << 63))};
  const InMemory m(parts);
  const GgufFile& file = m.file;
  EXPECT_THROW(file.get<std::string>("u32"), Error);
  EXPECT_THROW(file.get<double>("u32"), Error);
  EXPECT_THROW(file.get<bool>("u32"), Error);
  EXPECT_THROW(file.get<int64_t>("string"), Error);
  EXPECT_THROW(file.get<int64_t>("u64"), Error);
  EXPECT_THROW(file.get<std::string>("strings"), Error);
  EXPECT_THROW(file.get<std::vector<std::string>>("string"), Error);
  EXPECT_THROW(file.get<std::vector<float>>("strings"), Error);
  EXPECT_EQ(file.get<int64_t>("absent"), std::nullopt);
  EXPECT_THROW(file.require<int64_t>("absent"), Error);
}

TEST(Gguf, ReversesShapesAndFindsTheBytes) {
  const InMemory m(tiny_llama_gguf());
  const StoredTensor& q = m.file.at("blk.0.attn_q.weight");
  EXPECT_EQ(q.type, StoredType(QuantType::q8_0));
  EXPECT_EQ(to_f32(q)[32 * 5], 5.0f);
  const StoredTensor& embedding = m.file.at("token_embd.weight");
  EXPECT_EQ(embedding.shape, (std::vector<int64_t>{6, 32}));
  EXPECT_EQ(embedding.type, StoredType(DType::f32));  // plain types are DTypes
  EXPECT_EQ(m.file.find("output.weight"), nullptr);
  EXPECT_THROW(m.file.at("output.weight"), Error);
}

TEST(Gguf, ReadsVersion2AndOtherAlignments) {
  GgufParts parts = tiny_llama_gguf();
  parts.version = 2;
  parts.alignment = 256;
  parts.metadata.push_back(kv_u32("general.alignment", 256));
  const InMemory m(parts);
  EXPECT_EQ(m.file.version(), 2u);
  EXPECT_EQ(m.file.alignment(), 256u);
  EXPECT_EQ(to_f32(m.file.at("blk.0.attn_q.weight"))[32 * 31], 31.0f);
}

TEST(Gguf, AFileWithoutTensorsMayEndUnaligned) {
  GgufParts parts;
  parts.alignment = 1;
  EXPECT_TRUE(InMemory(parts).file.tensors().empty());
}

TEST(GgufVocab, ReadsTheTokenizerMetadata) {
  const InMemory m(tiny_llama_gguf());
  const GgufVocab vocab = vocab_from_gguf(m.file);
  EXPECT_EQ(vocab.model, "gpt2");
  EXPECT_EQ(vocab.pre, "smollm");
  EXPECT_EQ(vocab.tokens[5], "ab");
  EXPECT_EQ(vocab.merges, (std::vector<std::string>{"a b"}));
  EXPECT_EQ(vocab.token_types, (std::vector<int32_t>{3, 3, 3, 1, 1, 1}));
  EXPECT_TRUE(vocab.scores.empty());
  EXPECT_EQ(vocab.bos, 1);
  EXPECT_EQ(vocab.eos, 2);
  EXPECT_EQ(vocab.pad, std::nullopt);
  EXPECT_EQ(vocab.add_bos, false);
  EXPECT_EQ(vocab.add_eos, std::nullopt);
}

}  // namespace
}  // namespace temper::io
