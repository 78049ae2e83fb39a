#include "io/gguf_llama.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/fail.h"

namespace temper::io {
namespace {

struct NamePair {
  std::string_view gguf, hf;
};
constexpr NamePair kTopNames[] = {
    {"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};
constexpr NamePair kLayerNames[] = {
    {"attn_norm", "input_layernorm"}, {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},   {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},    {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"},
};

/// Renames "<prefix>N.<module>.<weight or bias>" and "<module>.<...>" through one column of the tables to the other.
std::optional<std::string> rename(std::string_view name, std::string_view NamePair::*from,
                                  std::string_view NamePair::*to, std::string_view from_prefix,
                                  std::string_view to_prefix) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view suffix = name.substr(dot);
  std::string_view module = name.substr(0, dot);
  if (suffix != ".weight" && suffix != ".bias") return std::nullopt;
  if (!module.starts_with(from_prefix)) {
    const auto* pair = std::ranges::find(kTopNames, module, from);
    if (pair == std::end(kTopNames)) return std::nullopt;
    return fmt::format("{}{}", pair->*to, suffix);
  }
  module.remove_prefix(from_prefix.size());
  const size_t digits = std::min(module.find_first_not_of("0123456789"), module.size());
  if (digits == 0 || digits > 6 || (digits > 1 && module[0] == '0') || !module.substr(digits).starts_with('.'))
    return std::nullopt;
  const auto* pair = std::ranges::find(kLayerNames, module.substr(digits + 1), from);
  if (pair == std::end(kLayerNames)) return std::nullopt;
  return fmt::format("{}{}.{}{}", to_prefix, module.substr(0, digits), pair->*to, suffix);
}

/// The llama3 factor of one wavelength (in positions).
double llama3_factor(const RopeScaling& scaling, double wavelength) {
  const auto context = static_cast<double>(scaling.original_max_position_embeddings);
  if (wavelength < context / scaling.high_freq_factor) return 1;
  if (wavelength > context / scaling.low_freq_factor) return scaling.factor;
  const double smooth =
      (context / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}

}  // namespace

std::optional<std::string> hf_name_of(std::string_view gguf_name) {
  return rename(gguf_name, &NamePair::gguf, &NamePair::hf, "blk.", "model.layers.");
}

std::optional<std::string> gguf_name_of(std::string_view hf_name) {
  return rename(hf_name, &NamePair::hf, &NamePair::gguf, "model.layers.", "blk.");
}

bool has_permuted_rows(std::string_view hf_name) {
  return hf_name.find(".self_attn.q_proj.") != std::string_view::npos ||
         hf_name.find(".self_attn.k_proj.") != std::string_view::npos;
}

StoredTensor unpermute_rows(const StoredTensor& tensor, int64_t heads, int64_t head_dim, std::string_view where) {
  if (tensor.shape.empty() || tensor.shape[0] != heads * head_dim)
    fail(ErrorCode::format, "{}: tensor '{}': shape [{}] does not have the {} rows of {} heads of {}", where,
         tensor.name, fmt::join(tensor.shape, ", "), heads * head_dim, heads, head_dim);
  if (tensor.shape.size() == 1 && std::holds_alternative<QuantType>(tensor.type))
    fail(ErrorCode::format, "{}: tensor '{}': a bias in {} blocks, whose rows can't be moved", where, tensor.name,
         name_of(tensor.type));
  if (tensor.bytes.empty())
    fail(ErrorCode::format, "{}: tensor '{}': shape [{}] has no elements", where, tensor.name,
         fmt::join(tensor.shape, ", "));
  const size_t row_bytes = tensor.bytes.size() / static_cast<size_t>(tensor.shape[0]);
  auto rows = std::make_shared<std::vector<std::byte>>(tensor.bytes.size());
  const auto half = static_cast<size_t>(head_dim / 2);
  std::byte* out = rows->data();
  for (size_t head = 0; head < static_cast<size_t>(heads); ++head) {
    for (size_t side = 0; side < 2; ++side) {
      for (size_t j = 0; j < half; ++j, out += row_bytes) {
        const size_t row = head * static_cast<size_t>(head_dim) + 2 * j + side;
        std::memcpy(out, tensor.bytes.data() + row * row_bytes, row_bytes);
      }
    }
  }
  StoredTensor result = tensor;
  result.bytes = *rows;
  result.owner = std::move(rows);
  result.mapped = false;
  return result;
}

std::optional<RopeScaling> rope_scaling_from_factors(std::span<const float> factors, double theta,
                                                     int64_t original_context, std::string_view where) {
  if (std::ranges::all_of(factors, [](float f) { return f == 1; })) return std::nullopt;
  const auto wavelength = [&](size_t i) {
    return 2 * std::numbers::pi * std::pow(theta, static_cast<double>(i) / static_cast<double>(factors.size()));
  };
  RopeScaling scaling{.type = "llama3",
                      .factor = *std::ranges::max_element(factors),
                      .original_max_position_embeddings = original_context};
  const auto explains = [&] {
    for (size_t i = 0; i < factors.size(); ++i)
      if (!(std::abs(llama3_factor(scaling, wavelength(i)) / factors[i] - 1) < 1e-4)) return false;
    return true;
  };
  // Low 1 and high 4 are what every published Llama 3 has.
  if (explains()) return scaling;
  // Otherwise between the bands `smooth`, which the factor tells, is a line over 1 / wavelength: two points give it.
  std::vector<std::pair<double, double>> line;
  for (size_t i = 0; i < factors.size(); ++i)
    if (factors[i] > 1 && factors[i] < scaling.factor)
      line.emplace_back(1 / wavelength(i),
                        (1 / static_cast<double>(factors[i]) - 1 / scaling.factor) / (1 - 1 / scaling.factor));
  if (line.size() >= 2) {
    const auto [x0, y0] = line.front();
    const auto [x1, y1] = line.back();
    const double slope = (y1 - y0) / (x1 - x0), width = static_cast<double>(original_context) / slope;
    scaling.low_freq_factor = std::round((slope * x0 - y0) * width * 1e3) / 1e3;
    scaling.high_freq_factor = std::round((slope * x0 - y0 + 1) * width * 1e3) / 1e3;
    if (scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor && explains()) return scaling;
  }
  fail(ErrorCode::unsupported,
       "{}: tensor 'rope_freqs.weight': these frequency factors are not those of a llama3 rope scaling", where);
}

}  // namespace temper::io
