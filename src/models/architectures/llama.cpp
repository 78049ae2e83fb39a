// The Llama architecture (Touvron et al. 2023): pre-norm blocks of grouped-query attention with rotary positions and a
// SwiGLU feed-forward. SmolLM2, Llama 2 and 3, and Mistral without sliding window share it.
#include <cmath>
#include <numbers>

#include "autograd/tape.h"
#include "base/fail.h"
#include "device/transfer.h"
#include "models/model_table.h"
#include "nn/linear.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/embedding.h"
#include "ops/kv_write.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"
#include "ops/swiglu.h"
#include "ops/view.h"

namespace temper {
namespace {

/// Rotary frequencies [head_dim / 2]. "llama3" scaling (Llama 3.1): wavelengths longer than the original context over
/// low_freq_factor are stretched by `factor`, those shorter than it over high_freq_factor are kept, between them the
/// two are blended.
std::vector<float> rotary_frequencies(const io::ModelConfig& config) {
  std::vector<float> frequencies;
  for (int64_t i = 0; i < config.head_dim / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.head_dim);
    float frequency = 1.0f / std::pow(static_cast<float>(config.rope_theta), exponent);
    if (config.rope_scaling) {
      const io::RopeScaling& s = *config.rope_scaling;
      const auto factor = static_cast<float>(s.factor);
      if (s.type == "linear") {
        frequency /= factor;
      } else {
        const auto context = static_cast<float>(s.original_max_position_embeddings);
        const auto low = static_cast<float>(s.low_freq_factor), high = static_cast<float>(s.high_freq_factor);
        const float wavelength = 2.0f * std::numbers::pi_v<float> / frequency;
        if (wavelength > context / low) {
          frequency /= factor;
        } else if (wavelength >= context / high) {
          const float smooth = (context / wavelength - low) / (high - low);
          frequency = (1.0f - smooth) * frequency / factor + smooth * frequency;
        }
      }
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

struct Block {
  Tensor input_norm, post_attention_norm;  // [hidden]
  int q, k, v, o, gate, up, down;          // indices into the model's linears
};

class Llama final : public LanguageModel {
 public:
  Llama(WeightLoader& loader, const io::ModelConfig& config) : config_(config), compute_(loader.options().compute) {
    const int64_t hidden = config.hidden_size, heads = config.num_heads * config.head_dim;
    const int64_t kv_heads = config.num_kv_heads * config.head_dim, inner = config.intermediate_size;
    embedding_ = loader.matrix("model.embed_tokens.weight", config.vocab_size, hidden);
    const auto add = [&](const std::string& module, int64_t out, int64_t in, bool bias) {
      linears_.push_back(loader.linear(module, out, in, bias));
      linears_.back().index = static_cast<int>(linears_.size()) - 1;
      return linears_.back().index;
    };
    for (int64_t i = 0; i < config.num_layers; ++i) {
      const std::string layer = fmt::format("model.layers.{}", i);
      const bool bias = config.attention_bias, mlp_bias = config.mlp_bias;
      Block block{.input_norm = loader.vector(layer + ".input_layernorm.weight", hidden),
                  .post_attention_norm = loader.vector(layer + ".post_attention_layernorm.weight", hidden),
                  .q = add(layer + ".self_attn.q_proj", heads, hidden, bias),
                  .k = add(layer + ".self_attn.k_proj", kv_heads, hidden, bias),
                  .v = add(layer + ".self_attn.v_proj", kv_heads, hidden, bias),
                  .o = add(layer + ".self_attn.o_proj", hidden, heads, bias),
                  .gate = add(layer + ".mlp.gate_proj", inner, hidden, mlp_bias),
                  .up = add(layer + ".mlp.up_proj", inner, hidden, mlp_bias),
                  .down = add(layer + ".mlp.down_proj", hidden, inner, mlp_bias)};
      blocks_.push_back(std::move(block));
      // Old checkpoints carry the frequencies, which follow from the configuration.
      loader.ignore(layer + ".self_attn.rotary_emb.inv_freq");
    }
    norm_ = loader.vector("model.norm.weight", hidden);
    if (config.tie_word_embeddings) {
      head_ = embedding_;
      loader.ignore("lm_head.weight");
    } else {
      head_ = loader.matrix("lm_head.weight", config.vocab_size, hidden);
    }
    loader.finish();
    inv_freq_ = upload(loader.context(), rotary_frequencies(config), {config.head_dim / 2});
  }

  const io::ModelConfig& config() const override { return config_; }
  DType compute_dtype() const override { return compute_; }
  const std::vector<LinearLayer>& linears() const override { return linears_; }
  const WeightHandle& head() const override { return head_; }
  KvCache::Geometry cache_geometry() const override {
    return {config_.num_layers, config_.num_kv_heads, config_.head_dim};
  }

  int64_t parameter_count() const override {
    int64_t count = norm_.elements();
    for_each_weight([&](const PreparedWeight& weight) { count += weight.rows() * weight.columns(); });
    for (const Block& block : blocks_) count += block.input_norm.elements() + block.post_attention_norm.elements();
    for (const LinearLayer& layer : linears_) count += layer.bias.defined() ? layer.bias.elements() : 0;
    return count;
  }

  size_t weight_bytes() const override {
    size_t bytes = 0;
    for_each_weight([&](const PreparedWeight& weight) { bytes += weight.bytes(); });
    return bytes;
  }

  Tensor hidden(Context& ctx, const TokenBatch& batch, const ForwardOptions& options) const override {
    const BoundAdapter none;
    const BoundAdapter& adapter = options.adapter ? *options.adapter : none;
    Tensor x = embedding(ctx, embedding_, batch.ids, compute_);  // [N, hidden]
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (options.checkpoint_activations && ctx.tape())
        // The batch and the adapter's factors are handles: captured by value, they live as long as backward needs.
        x = checkpoint(ctx, x, [this, i, batch, options, adapter](Context& c, const Tensor& in) {
          return block(c, i, in, batch, options, adapter);
        });
      else
        x = block(ctx, i, x, batch, options, adapter);
      if (options.observe) options.observe(static_cast<int64_t>(i), x);
    }
    return rms_norm(ctx, x, norm_, static_cast<float>(config_.rms_norm_eps));
  }

 private:
  template <class F>
  void for_each_weight(F&& f) const {
    f(*embedding_);
    if (head_ != embedding_) f(*head_);
    for (const LinearLayer& layer : linears_) f(*layer.weight);
  }

  Tensor project(Context& ctx, int linear, const Tensor& x, const BoundAdapter& adapter) const {
    return apply_linear(ctx, linears_[static_cast<size_t>(linear)], x, adapter);
  }

  Tensor block(Context& ctx, size_t index, const Tensor& x, const TokenBatch& batch, const ForwardOptions& options,
               const BoundAdapter& adapter) const {
    const Block& b = blocks_[index];
    const auto eps = static_cast<float>(config_.rms_norm_eps);
    Tensor h = add(ctx, self_attention(ctx, index, rms_norm(ctx, x, b.input_norm, eps), batch, options, adapter), x);
    const Tensor normed = rms_norm(ctx, h, b.post_attention_norm, eps);
    const Tensor inner = swiglu(ctx, project(ctx, b.gate, normed, adapter), project(ctx, b.up, normed, adapter));
    return add(ctx, project(ctx, b.down, inner, adapter), std::move(h));
  }

  Tensor self_attention(Context& ctx, size_t index, const Tensor& x, const TokenBatch& batch,
                        const ForwardOptions& options, const BoundAdapter& adapter) const {
    const Block& b = blocks_[index];
    const int64_t n = x.dim(0), d = config_.head_dim;
    const auto heads = [&](int linear, int64_t count) {
      return reshape(ctx, project(ctx, linear, x, adapter), {n, count, d});
    };
    const Tensor q = rope(ctx, heads(b.q, config_.num_heads), batch.positions, inv_freq_);  // [N, H, D]
    Tensor k = rope(ctx, heads(b.k, config_.num_kv_heads), batch.positions, inv_freq_);     // [N, KV, D]
    Tensor v = heads(b.v, config_.num_kv_heads);
    if (options.cache) {
      const auto layer = static_cast<int64_t>(index);
      kv_write_(ctx, options.cache->keys(layer), k, batch.cache_rows);
      kv_write_(ctx, options.cache->values(layer), v, batch.cache_rows);
      k = options.cache->keys(layer).tensor();
      v = options.cache->values(layer).tensor();
    }
    const Tensor out = attention(ctx, q, k, v, batch.segments,
                                 {.scale = 1.0f / std::sqrt(static_cast<float>(d)),
                                  .max_queries = batch.max_queries,
                                  .max_keys = batch.max_keys});
    return project(ctx, b.o, reshape(ctx, out, {n, config_.num_heads * d}), adapter);
  }

  io::ModelConfig config_;
  DType compute_;
  WeightHandle embedding_, head_;
  std::vector<LinearLayer> linears_;
  std::vector<Block> blocks_;
  Tensor norm_, inv_freq_;
};

std::unique_ptr<LanguageModel> make_llama(WeightLoader& loader, const io::ModelConfig& config) {
  return std::make_unique<Llama>(loader, config);
}

}  // namespace

void register_llama(ModelTable& table) {
  table.emplace("llama", make_llama);
  table.emplace("mistral", make_llama);
}

}  // namespace temper
