#include "io/checkpoint.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "temper/error.h"
#include "unit/io/format_builders.h"

namespace temper::io {
namespace {

using namespace test;

class Checkpoints : public testing::Test {
 protected:
  std::filesystem::path write_gguf(const GgufParts& parts) {
    const auto path = folder_.path() / "model.gguf";
    write_text(path, parts.build());
    return path;
  }
  std::filesystem::path write_folder() {
    const auto path = folder_.path() / "model";
    write_tiny_folder(path);
    return path;
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(Checkpoints, AGgufFileLooksLikeAHuggingFaceModel) {
  const auto checkpoint = Checkpoint::open(write_gguf(tiny_llama_gguf()));
  EXPECT_TRUE(checkpoint.is_gguf());
  ModelConfig expected = config_from_json(tiny_llama_config(), "tiny");
  expected.torch_dtype = "float16";
  expected.pad_token_id = std::nullopt;
  EXPECT_EQ(checkpoint.config(), expected);
  EXPECT_EQ(checkpoint.generation_config().eos_token_ids, (std::vector<int64_t>{2}));
  EXPECT_EQ(checkpoint.names().size(), 11u);
  EXPECT_TRUE(checkpoint.has("model.layers.0.mlp.down_proj.weight"));
  EXPECT_FALSE(checkpoint.has("blk.0.ffn_down.weight"));
  EXPECT_EQ(checkpoint.chat_template(), "{{ messages }}");
  EXPECT_EQ(std::get<GgufVocab>(checkpoint.tokenizer()).tokens.size(), 6u);
  EXPECT_THROW(checkpoint.tensor("lm_head.weight"), Error);
}

TEST_F(Checkpoints, QAndKRowsAreUnpermutedBlockByBlock) {
  const auto checkpoint = Checkpoint::open(write_gguf(tiny_llama_gguf()));
  const StoredTensor q = checkpoint.tensor("model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(q.name, "model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(q.type, StoredType(QuantType::q8_0));
  const std::vector<float> values = to_f32(q);  // stored row r holds r
  for (size_t head = 0; head < 2; ++head)
    for (size_t j = 0; j < 16; ++j) {
      const auto stored_row = static_cast<float>(16 * head + (j < 8 ? 2 * j : 2 * (j - 8) + 1));
      EXPECT_EQ(values[(16 * head + j) * 32], stored_row);
      EXPECT_EQ(values[(16 * head + j) * 32 + 31], stored_row);
    }
}

TEST_F(Checkpoints, OtherTensorsAreViewsAndOutliveTheCheckpoint) {
  StoredTensor first, second;
  {
    const auto checkpoint = Checkpoint::open(write_gguf(tiny_llama_gguf()));
    first = checkpoint.tensor("model.norm.weight");
    second = checkpoint.tensor("model.norm.weight");
  }
  EXPECT_EQ(first.bytes.data(), second.bytes.data());
  EXPECT_EQ(to_f32(first), to_f32(second));
}

TEST_F(Checkpoints, TiedBiasedAndScaledGgufModelsAreRecognised) {
  GgufParts parts = tiny_llama_gguf();
  GgufTensorParts head = parts.tensor("token_embd.weight");
  head.name = "output.weight";
  parts.tensors.push_back(head);
  GgufTensorParts bias = parts.tensor("output_norm.weight");
  bias.name = "blk.0.attn_q.bias";
  parts.tensors.push_back(bias);
  parts.metadata.push_back(kv_string("llama.rope.scaling.type", "linear"));
  parts.metadata.push_back(kv_f32("llama.rope.scaling.factor", 2.5f));
  parts.metadata.push_back(kv_u32("tokenizer.ggml.eot_token_id", 0));
  const auto checkpoint = Checkpoint::open(write_gguf(parts));
  EXPECT_FALSE(checkpoint.config().tie_word_embeddings);
  EXPECT_TRUE(checkpoint.config().attention_bias);
  EXPECT_EQ(checkpoint.config().rope_scaling->factor, 2.5);
  EXPECT_EQ(checkpoint.config().eos_token_ids, (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(to_f32(checkpoint.tensor("model.layers.0.self_attn.q_proj.bias"))[1],
            to_f32(checkpoint.tensor("model.norm.weight"))[2]);
}

TEST_F(Checkpoints, AFolderGivesItsConfigWeightsAndTokenizer) {
  const auto path = write_folder();
  write_text(path / "generation_config.json", R"({"eos_token_id": [2, 3], "temperature": 0.5})");
  write_text(path / "tokenizer_config.json", R"({"chat_template": "from config"})");
  const auto checkpoint = Checkpoint::open(path);
  EXPECT_FALSE(checkpoint.is_gguf());
  EXPECT_EQ(checkpoint.config().hidden_size, 32);
  EXPECT_EQ(checkpoint.generation_config().eos_token_ids, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(checkpoint.tensor("model.embed_tokens.weight").shape, (std::vector<int64_t>{6, 32}));
  EXPECT_EQ(std::get<TokenizerTexts>(checkpoint.tokenizer()).tokenizer_json, "{}");
  EXPECT_EQ(checkpoint.chat_template(), "from config");
  write_text(path / "tokenizer_config.json",
             R"({"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]})");
  EXPECT_EQ(checkpoint.chat_template(), "d");
  write_text(path / "chat_template.jinja", "from file");
  EXPECT_EQ(checkpoint.chat_template(), "from file");
}

TEST_F(Checkpoints, ATokenizerIsOptionalWhenAsked) {
  const auto path = write_folder();
  std::filesystem::remove(path / "tokenizer.json");
  EXPECT_THROW(Checkpoint::open(path), Error);
  const auto checkpoint = Checkpoint::open(path, {.needs_tokenizer = false});
  EXPECT_THROW(checkpoint.tokenizer(), Error);
  EXPECT_EQ(checkpoint.chat_template(), std::nullopt);
}

TEST_F(Checkpoints, EverythingThatIsMissingIsListed) {
  const auto path = write_folder();
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"}) std::filesystem::remove(path / name);
  try {
    Checkpoint::open(path);
    FAIL() << "an empty folder was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"})
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace temper::io
