#include <gtest/gtest.h>

#include <cmath>

#include "fault/malformed.h"
#include "io/gguf.h"
#include "io/gguf_vocab.h"
#include "io/model_config.h"
#include "unit/io/format_builders.h"

namespace temper::test {
namespace {

using Change = std::function<void(GgufParts&)>;

struct Case {
  std::string name, says;
  Change change;
};

/// Everything that opening a model does with a GGUF file.
void read_gguf(const std::string& bytes) {
  const io::GgufFile file(std::as_bytes(std::span(bytes)), nullptr, "bad.gguf");
  for (const io::StoredTensor& tensor : file.tensors()) (void)io::to_f32(tensor);
  (void)io::config_from_gguf(file);
  (void)io::vocab_from_gguf(file);
  (void)file.get<std::string>("tokenizer.chat_template");
}

std::vector<Malformed> built(const std::vector<Case>& cases) {
  std::vector<Malformed> files;
  for (const Case& c : cases) {
    GgufParts parts = tiny_llama_gguf();
    c.change(parts);
    files.push_back({c.name, c.says, parts.build()});
  }
  return files;
}

Change add(const std::string& kv) {
  return [kv](GgufParts& parts) { parts.metadata.push_back(kv); };
}
Change set(const std::string& key, const std::string& kv) {
  return [key, kv](GgufParts& parts) { parts.entry(key) = kv; };
}
Change remove(const std::string& key) {
  return [key](GgufParts& parts) { std::erase(parts.metadata, parts.entry(key)); };
}
Change tensor(const std::string& name, const std::function<void(GgufTensorParts&)>& change) {
  return [name, change](GgufParts& parts) { change(parts.tensor(name)); };
}

std::vector<Malformed> headers() {
  return built({
      {"empty magic", "does not start", [](GgufParts& p) { p.magic = ""; }},
      {"lower-case magic", "does not start", [](GgufParts& p) { p.magic = "gguf"; }},
      {"an older format", "does not start", [](GgufParts& p) { p.magic = "tjgg"; }},
      {"version 0", "version 0", [](GgufParts& p) { p.version = 0; }},
      {"version 1", "version 1", [](GgufParts& p) { p.version = 1; }},
      {"version 4", "version 4", [](GgufParts& p) { p.version = 4; }},
      {"big-endian", "big-endian", [](GgufParts& p) { p.version = 0x03000000; }},
      {"version huge", "version 4294967295", [](GgufParts& p) { p.version = UINT32_MAX; }},
      {"tensor count huge", "tensor descriptions", [](GgufParts& p) { p.tensor_count = UINT64_MAX; }},
      {"tensor count of a wrapped product", "tensor descriptions",
       [](GgufParts& p) { p.tensor_count = UINT64_MAX / 24 + 2; }},
      {"tensor count one more", "", [](GgufParts& p) { p.tensor_count = p.tensors.size() + 1; }},
      {"metadata count huge", "metadata entries", [](GgufParts& p) { p.metadata_count = UINT64_MAX; }},
      {"metadata count of a wrapped product", "metadata entries",
       [](GgufParts& p) { p.metadata_count = UINT64_MAX / 13 + 2; }},
      {"metadata count one more", "", [](GgufParts& p) { p.metadata_count = p.metadata.size() + 1; }},
      {"metadata count one less", "", [](GgufParts& p) { p.metadata_count = p.metadata.size() - 1; }},
      {"metadata count zero", "", [](GgufParts& p) { p.metadata_count = 0; }},
  });
}

std::vector<Malformed> metadata() {
  return built({
      {"key empty", "printable ASCII", add(kv_u32("", 1))},
      {"key with a control character", "printable ASCII", add(kv_u32("a\nb", 1))},
      {"key with a space", "printable ASCII", add(kv_u32("a b", 1))},
      {"key not ASCII", "printable ASCII", add(kv_u32("gr\xc3\xbcn", 1))},
      {"key with a NUL", "printable ASCII", add(kv_u32(std::string_view("a\0b", 3), 1))},
      {"key twice", "duplicate metadata key", add(kv_u32("llama.block_count", 1))},
      {"key length huge", "only", add(le(UINT64_MAX) + "key")},
      {"key length past the end", "only", add(le(uint64_t{1} << 20) + "key")},
      {"value type unknown", "13 is not a value type", add(kv_raw("k", 13, "12345678"))},
      {"value type huge", "4294967295 is not a value type", add(kv_raw("k", UINT32_MAX, "12345678"))},
      {"bool of 2", "neither 0 nor 1", add(kv_bool("k", 2))},
      {"bool of 255 in an array", "neither 0 nor 1",
       add(kv_raw("k", 9, le(7u) + le(uint64_t{2}) + le(uint8_t{1}) + le(uint8_t{255})))},
      {"string length huge", "'k'", [](GgufParts& p) { p.metadata.push_back(kv_raw("k", 8, le(UINT64_MAX))); }},
      {"string length past the end", "metadata 'k' at", add(kv_raw("k", 8, le(uint64_t{1} << 40)))},
      {"array count huge", "don't fit", add(kv_raw("k", 9, le(0u) + le(UINT64_MAX)))},
      {"array count of a wrapped product", "don't fit", add(kv_raw("k", 9, le(10u) + le(uint64_t{1} << 61)))},
      {"array of strings, count huge", "don't fit", add(kv_raw("k", 9, le(8u) + le(uint64_t{1} << 60)))},
      {"array of strings, length huge", "only", add(kv_raw("k", 9, le(8u) + le(uint64_t{1}) + le(UINT64_MAX)))},
      {"array of arrays", "array of arrays",
       add(kv_raw("k", 9, le(9u) + le(uint64_t{1}) + le(0u) + le(uint64_t{1}) + "x"))},
      {"array of an unknown type", "is not a value type", add(kv_raw("k", 9, le(99u) + le(uint64_t{0})))},
      {"alignment 0", "power of two", add(kv_u32("general.alignment", 0))},
      {"alignment 3", "power of two", add(kv_u32("general.alignment", 3))},
      {"alignment 2^31", "power of two", add(kv_u32("general.alignment", 1u << 31))},
      {"alignment negative", "power of two", add(kv_raw("general.alignment", 5, le(int32_t{-32})))},
      {"alignment a string", "integer is expected", add(kv_string("general.alignment", "32"))},
      {"alignment an array", "integer is expected",
       add(kv_raw("general.alignment", 9, le(4u) + le(uint64_t{1}) + le(32u)))},
  });
}

std::vector<Malformed> tensors() {
  const std::string q = "blk.0.attn_q.weight", norm = "output_norm.weight";
  return built({
      {"tensor name empty", "printable ASCII", tensor(norm, [](auto& t) { t.name = ""; })},
      {"tensor name with a newline", "printable ASCII", tensor(norm, [](auto& t) { t.name = "a\nb"; })},
      {"tensor name not ASCII", "printable ASCII", tensor(norm, [](auto& t) { t.name = "\xff\xfe"; })},
      {"tensor twice", "duplicate tensor name", tensor(norm, [&](auto& t) { t.name = q; })},
      {"five dimensions", "5 dimensions",
       tensor(norm,
              [](auto& t) {
                t.ne = {32, 1, 1, 1, 1};
              })},
      {"thousand dimensions", "1000 dimensions", tensor(norm, [](auto& t) { t.ne = std::vector<uint64_t>(1000, 1); })},
      {"extent of 2^63", "overflows", tensor(norm, [](auto& t) { t.ne = {uint64_t{1} << 63}; })},
      {"extent of 2^64 - 1", "overflows", tensor(norm, [](auto& t) { t.ne = {UINT64_MAX}; })},
      {"product wraps to zero", "overflows",
       tensor(norm,
              [](auto& t) {
                t.ne = {uint64_t{1} << 32, uint64_t{1} << 32};
              })},
      {"product wraps to 32", "overflows",
       tensor(norm,
              [](auto& t) {
                t.ne = {32, (uint64_t{1} << 59) + 1, 1, 1};
              })},
      {"bytes wrap", "overflows", tensor(norm, [](auto& t) { t.ne = {(uint64_t{1} << 62) + 8}; })},
      {"rows too many", "past the end",
       tensor(q,
              [](auto& t) {
                t.ne = {32, 1 << 20};
              })},
      {"type removed from the format", "4 is not an element type", tensor(q, [](auto& t) { t.type = 4; })},
      {"type unknown", "255 is not an element type", tensor(q, [](auto& t) { t.type = 255; })},
      {"type huge", "4294967295 is not an element type", tensor(q, [](auto& t) { t.type = UINT32_MAX; })},
      {"type IQ4_XS", "IQ4_XS is not implemented", tensor(q, [](auto& t) { t.type = 23; })},
      {"type I8", "I8 is not implemented", tensor(q, [](auto& t) { t.type = 24; })},
      {"type Q8_1", "Q8_1 is not implemented", tensor(q, [](auto& t) { t.type = 9; })},
      {"type with larger blocks", "not whole Q6_K blocks", tensor(q, [](auto& t) { t.type = 14; })},
      {"rows that split blocks", "not whole Q8_0 blocks",
       tensor(q,
              [](auto& t) {
                t.ne = {16, 64};
              })},
      {"scalar in blocks", "not whole Q8_0 blocks", tensor(q, [](auto& t) { t.ne = {}; })},
      {"offset unaligned", "not a multiple of the alignment", tensor(q, [](auto& t) { t.offset = 1; })},
      {"offset past the end", "past the end", tensor(q, [](auto& t) { t.offset = 1 << 20; })},
      {"offset near 2^64", "past the end", tensor(q, [](auto& t) { t.offset = UINT64_MAX - 31; })},
      {"offset of 2^63", "past the end", tensor(q, [](auto& t) { t.offset = uint64_t{1} << 63; })},
      {"offset that leaves a part", "past the end", tensor(q, [](auto& t) { t.bytes.pop_back(); })},
      {"overlap with the first tensor", "overlaps", tensor(q, [](auto& t) { t.offset = 0; })},
      {"overlap in the middle", "overlaps", tensor(norm, [](auto& t) { t.offset = 32; })},
      {"data cut off", "incomplete",
       [](GgufParts& p) {
         for (auto& t : p.tensors) t.bytes.clear();
       }},
  });
}

std::vector<Malformed> models() {
  const std::string a = "general.architecture", h = "llama.embedding_length", n = "llama.attention.head_count";
  const std::string norm = "output_norm.weight", embedding = "token_embd.weight";
  const auto rope_factors = [](uint64_t count, float first) {
    return [count, first](GgufParts& p) {
      std::string bytes = le(first);
      for (uint64_t i = 1; i < count; ++i) bytes += le(1.0f);
      p.tensors.push_back({.name = "rope_freqs.weight", .ne = {count}, .bytes = bytes});
    };
  };
  return built({
      {"no architecture", a, remove(a)},
      {"architecture a number", "string is expected", set(a, kv_u32(a, 1))},
      {"architecture unknown", "unknown architecture 'mamba'; known are: llama", set(a, kv_string(a, "mamba"))},
      {"architecture empty", "unknown architecture ''", set(a, kv_string(a, ""))},
      {"no hidden size", h, remove(h)},
      {"no block count", "llama.block_count", remove("llama.block_count")},
      {"no context length", "llama.context_length", remove("llama.context_length")},
      {"no feed-forward length", "llama.feed_forward_length", remove("llama.feed_forward_length")},
      {"no head count", n, remove(n)},
      {"no epsilon", "rms_epsilon", remove("llama.attention.layer_norm_rms_epsilon")},
      {"hidden size 0", "not [vocabulary, 0]", set(h, kv_u32(h, 0))},
      {"hidden size of another model", "not [vocabulary, 64]", set(h, kv_u32(h, 64))},
      {"hidden size a float", "integer is expected", set(h, kv_f32(h, 32))},
      {"hidden size over 63 bits", "integer is expected", set(h, kv_raw(h, 10, le(UINT64_MAX)))},
      {"head count 0", "0 heads", set(n, kv_u32(n, 0))},
      {"head count 3", "3 heads", set(n, kv_u32(n, 3))},
      {"head counts an array", "an array of u32", set(n, kv_raw(n, 9, le(4u) + le(uint64_t{1}) + le(2u)))},
      {"head dimension odd", "odd", set(n, kv_u32(n, 32))},
      {"more key-value heads than heads", "key-value",
       set("llama.attention.head_count_kv", kv_u32("llama.attention.head_count_kv", 4))},
      {"key-value heads 0", "num_key_value_heads",
       set("llama.attention.head_count_kv", kv_u32("llama.attention.head_count_kv", 0))},
      {"blocks 0", "num_hidden_layers", set("llama.block_count", kv_u32("llama.block_count", 0))},
      {"blocks 2^32 - 1", "num_hidden_layers", set("llama.block_count", kv_u32("llama.block_count", UINT32_MAX))},
      {"context 0", "max_position_embeddings", set("llama.context_length", kv_u32("llama.context_length", 0))},
      {"key length differs from the value length", "llama.attention.value_length",
       add(kv_u32("llama.attention.value_length", 8))},
      {"partial rotary", "llama.rope.dimension_count", add(kv_u32("llama.rope.dimension_count", 8))},
      {"epsilon NaN", "rms_norm_eps",
       set("llama.attention.layer_norm_rms_epsilon", kv_f32("llama.attention.layer_norm_rms_epsilon", std::nanf("")))},
      {"epsilon negative", "rms_norm_eps",
       set("llama.attention.layer_norm_rms_epsilon", kv_f32("llama.attention.layer_norm_rms_epsilon", -1))},
      {"rope base 0", "rope_theta", set("llama.rope.freq_base", kv_f32("llama.rope.freq_base", 0))},
      {"rope base infinite", "rope_theta", set("llama.rope.freq_base", kv_f32("llama.rope.freq_base", INFINITY))},
      {"yarn", "'yarn' is not implemented", add(kv_string("llama.rope.scaling.type", "yarn"))},
      {"linear scaling without a factor", "llama.rope.scaling.factor",
       add(kv_string("llama.rope.scaling.type", "linear"))},
      {"experts", "llama.expert_count", add(kv_u32("llama.expert_count", 8))},
      {"sliding window", "sliding_window", add(kv_u32("llama.attention.sliding_window", 4096))},
      {"logit scale", "llama.logit_scale", add(kv_f32("llama.logit_scale", 0.5f))},
      {"not causal", "llama.attention.causal", add(kv_bool("llama.attention.causal", 0))},
      {"rope factors too few", "rope_freqs.weight", rope_factors(4, 1)},
      {"rope factors of no llama3", "not those of a llama3", rope_factors(8, 3)},
      {"rope factors NaN", "not those of a llama3", rope_factors(8, std::nanf(""))},
      {"rope factors 0", "not those of a llama3", rope_factors(8, 0)},
      {"embedding missing", embedding, tensor(embedding, [](auto& t) { t.name = "other"; })},
      {"embedding of one dimension", "not [vocabulary", tensor(embedding, [](auto& t) { t.ne = {192}; })},
      {"embedding of no tokens", "vocab_size",
       tensor(embedding,
              [](auto& t) {
                t.ne = {32, 0}, t.bytes = "";
              })},
  });
}

std::vector<Malformed> vocabularies() {
  const std::string tokens = "tokenizer.ggml.tokens", types = "tokenizer.ggml.token_type";
  return built({
      {"no tokenizer", "no vocabulary", remove("tokenizer.ggml.model")},
      {"no tokens", tokens, remove(tokens)},
      {"zero tokens", "empty", set(tokens, kv_strings(tokens, {}))},
      {"tokens are numbers", "string is expected", set(tokens, kv_raw(tokens, 9, le(4u) + le(uint64_t{1}) + le(1u)))},
      {"tokens a string", "array of string is expected", set(tokens, kv_string(tokens, "x"))},
      {"fewer types than tokens", "token types", set(types, kv_raw(types, 9, le(5u) + le(uint64_t{1}) + le(1)))},
      {"type 7", "7 is not a token type",
       set(types, kv_raw(types, 9, le(5u) + le(uint64_t{6}) + le(7) + std::string(20, '\0')))},
      {"type -1", "-1 is not a token type",
       set(types, kv_raw(types, 9, le(5u) + le(uint64_t{6}) + le(-1) + std::string(20, '\0')))},
      {"types are strings", "integer is expected", set(types, kv_strings(types, {"1", "1", "1", "1", "1", "1"}))},
      {"scores too few", "scores", add(kv_raw("tokenizer.ggml.scores", 9, le(6u) + le(uint64_t{1}) + le(1.0f)))},
      {"merges are numbers", "string is expected",
       set("tokenizer.ggml.merges", kv_raw("tokenizer.ggml.merges", 9, le(4u) + le(uint64_t{1}) + le(1u)))},
      {"bos out of range", "bos_token_id is 6",
       set("tokenizer.ggml.bos_token_id", kv_u32("tokenizer.ggml.bos_token_id", 6))},
      {"eos negative", "eos_token_id is -1",
       set("tokenizer.ggml.eos_token_id", kv_raw("tokenizer.ggml.eos_token_id", 5, le(-1)))},
      {"template a number", "string is expected", set("tokenizer.chat_template", kv_u32("tokenizer.chat_template", 1))},
  });
}

TEST(GgufFaults, TheUnbrokenFileIsRead) {
  EXPECT_NO_THROW(read_gguf(tiny_llama_gguf().build()));
}

TEST(GgufFaults, MalformedHeadersAreRefused) {
  expect_refusals(headers(), "bad.gguf", read_gguf);
}
TEST(GgufFaults, MalformedMetadataIsRefused) {
  expect_refusals(metadata(), "bad.gguf", read_gguf);
}
TEST(GgufFaults, MalformedTensorsAreRefused) {
  expect_refusals(tensors(), "bad.gguf", read_gguf);
}
TEST(GgufFaults, SenselessModelsAreRefused) {
  expect_refusals(models(), "bad.gguf", read_gguf);
}
TEST(GgufFaults, SenselessVocabulariesAreRefused) {
  expect_refusals(vocabularies(), "bad.gguf", read_gguf);
}

TEST(GgufFaults, EveryTruncationIsRefused) {
  GgufParts parts = tiny_llama_gguf();
  const auto small = [](const GgufTensorParts& t) { return t.name == "output_norm.weight"; };
  std::erase_if(parts.tensors, [&](const GgufTensorParts& t) { return !small(t); });  // keeps the test fast
  const std::string file = parts.build();
  const auto read = [](const std::string& bytes) {
    (void)io::GgufFile(std::as_bytes(std::span(bytes)), nullptr, "bad.gguf");
  };
  EXPECT_NO_THROW(read(file));
  EXPECT_EQ(count_refused_prefixes(file, read), file.size());
}

TEST(GgufFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(tiny_llama_gguf().build(), 1000, read_gguf);
}

}  // namespace
}  // namespace temper::test
