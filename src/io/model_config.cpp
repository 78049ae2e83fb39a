#include "io/model_config.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "base/json.h"
#include "io/json_fields.h"
#include "io/model_config_rules.h"
#include "io/printable.h"

namespace temper::io {
namespace {

struct Architecture {
  std::string_view model_type, name;
};
constexpr Architecture kArchitectures[] = {{"llama", "LlamaForCausalLM"}, {"mistral", "MistralForCausalLM"}};

/// A key of config.json that changes the arithmetic in a way that temper doesn't implement, unless it has a value that
/// switches it off (null always does).
struct ForeignKey {
  std::string_view key;
  std::vector<Json> harmless;
};

const std::vector<ForeignKey>& foreign_keys() {
  static const std::vector<ForeignKey> keys = {
      {"sliding_window", {}},
      {"use_sliding_window", {false}},
      {"quantization_config", {}},
      {"partial_rotary_factor", {1.0}},
      {"rope_interleaved", {false}},
      {"no_rope_layers", {Json::array()}},
      {"attention_dropout", {0.0}},
      {"attn_logit_softcapping", {}},
      {"final_logit_softcapping", {}},
      {"clip_qkv", {}},
      {"qk_norm", {false}},
      {"use_qk_norm", {false}},
      {"qk_layernorm", {false}},
      {"embedding_multiplier", {1.0}},
      {"residual_multiplier", {1.0}},
      {"attention_multiplier", {}},
      {"logits_scaling", {1.0}},
      {"logit_scale", {1.0}},
      {"num_local_experts", {0}},
      {"num_experts", {0}},
      {"n_routed_experts", {0}},
  };
  return keys;
}

void refuse_foreign_keys(const Json& object, std::string_view where) {
  for (const ForeignKey& foreign : foreign_keys()) {
    const auto it = object.find(foreign.key);
    if (it == object.end() || it->is_null() || std::ranges::find(foreign.harmless, *it) != foreign.harmless.end())
      continue;
    fail(ErrorCode::unsupported, "{}: '{}' is {}, which changes the arithmetic and is not implemented", where,
         foreign.key, it->is_structured() ? "set" : printable(it->dump()));
  }
  const auto layer_types = object.find("layer_types");
  if (layer_types == object.end() || layer_types->is_null()) return;
  if (!layer_types->is_array() ||
      std::ranges::any_of(*layer_types, [](const Json& t) { return t != "full_attention"; }))
    fail(ErrorCode::unsupported, "{}: 'layer_types' names other layers than full_attention; not implemented", where);
}

/// `architectures` and `model_type`, which must be known and fit each other.
void read_architecture(const Json& object, std::string_view where, ModelConfig& config) {
  const auto model_type = json_string(object, "model_type", where);
  if (!model_type) fail(ErrorCode::format, "{}: 'model_type' is missing; not the config of a model?", where);
  const auto* known = std::ranges::find(kArchitectures, *model_type, &Architecture::model_type);
  if (known == std::end(kArchitectures)) refuse_architecture(where, *model_type);
  config.model_type = *model_type;
  config.architecture = known->name;
  const auto names = object.find("architectures");
  if (names == object.end() || names->is_null()) return;
  if (!names->is_array() || names->size() != 1 || (*names)[0] != config.architecture)
    fail(ErrorCode::unsupported, "{}: architectures {} is not implemented for model type '{}', [\"{}\"] is", where,
         printable(names->dump()), config.model_type, config.architecture);
}

int64_t required_size(const Json& object, std::string_view key, std::string_view where) {
  const auto value = json_integer(object, key, where);
  if (!value) fail(ErrorCode::format, "{}: '{}' is missing", where, key);
  return *value;
}

double required_number(const Json& object, std::string_view key, std::string_view where) {
  const auto value = json_number(object, key, where);
  if (!value) fail(ErrorCode::format, "{}: '{}' is missing", where, key);
  return *value;
}

/// The scaling in `rope_scaling` (Transformers up to 4) or `rope_parameters` (from 5, with rope_theta inside).
std::optional<RopeScaling> read_rope_scaling(const Json& rope, std::string_view where) {
  auto type = json_string(rope, "rope_type", where);
  if (!type) type = json_string(rope, "type", where);
  if (!type || *type == "default") return std::nullopt;
  RopeScaling scaling;
  scaling.type = *type;
  if (scaling.type != "linear" && scaling.type != "llama3")
    fail(ErrorCode::unsupported, "{}: rope type '{}' is not implemented; default, linear and llama3 are", where,
         printable(scaling.type));
  scaling.factor = required_number(rope, "factor", where);
  if (scaling.type == "llama3") {
    scaling.low_freq_factor = required_number(rope, "low_freq_factor", where);
    scaling.high_freq_factor = required_number(rope, "high_freq_factor", where);
    scaling.original_max_position_embeddings = required_size(rope, "original_max_position_embeddings", where);
  }
  return scaling;
}

void read_rope(const Json& object, std::string_view where, ModelConfig& config) {
  config.rope_theta = json_number(object, "rope_theta", where).value_or(10000);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const auto it = object.find(key);
    if (it == object.end() || it->is_null()) continue;
    if (!it->is_object()) fail(ErrorCode::format, "{}: '{}' is not an object", where, key);
    const std::string place = fmt::format("{}: {}", where, key);
    refuse_foreign_keys(*it, place);
    config.rope_scaling = read_rope_scaling(*it, place);
    config.rope_theta = json_number(*it, "rope_theta", place).value_or(config.rope_theta);
  }
}

}  // namespace

void refuse_architecture(std::string_view where, std::string_view name) {
  fail(ErrorCode::unsupported, "{}: unknown architecture '{}'; known are: llama, mistral", where, printable(name));
}

void validate_config(const ModelConfig& config, std::string_view where) {
  // Generous, but small enough that no product of two of them overflows.
  constexpr int64_t max_extent = int64_t{1} << 30;
  const auto check = [&](std::string_view name, int64_t value) {
    if (value <= 0 || value > max_extent)
      fail(ErrorCode::format, "{}: '{}' is {}, a number between 1 and {} is expected", where, name, value, max_extent);
  };
  check("vocab_size", config.vocab_size);
  check("hidden_size", config.hidden_size);
  check("intermediate_size", config.intermediate_size);
  check("num_hidden_layers", config.num_layers);
  check("num_attention_heads", config.num_heads);
  check("num_key_value_heads", config.num_kv_heads);
  check("head_dim", config.head_dim);
  check("max_position_embeddings", config.max_position_embeddings);
  if (config.num_heads % config.num_kv_heads != 0)
    fail(ErrorCode::format, "{}: {} attention heads are not a multiple of {} key-value heads", where, config.num_heads,
         config.num_kv_heads);
  if (config.head_dim % 2 != 0)
    fail(ErrorCode::format, "{}: head_dim {} is odd; rotary embedding needs pairs", where, config.head_dim);
  const auto check_positive = [&](std::string_view name, double value) {
    if (!(value > 0) || !std::isfinite(value))
      fail(ErrorCode::format, "{}: '{}' is {}, a positive number is expected", where, name, value);
  };
  check_positive("rms_norm_eps", config.rms_norm_eps);
  check_positive("rope_theta", config.rope_theta);
  if (!config.rope_scaling) return;
  const RopeScaling& rope = *config.rope_scaling;
  check_positive("factor", rope.factor);
  if (rope.type != "llama3") return;
  check_positive("low_freq_factor", rope.low_freq_factor);
  check("original_max_position_embeddings", rope.original_max_position_embeddings);
  if (!(rope.high_freq_factor > rope.low_freq_factor) || !std::isfinite(rope.high_freq_factor))
    fail(ErrorCode::format, "{}: high_freq_factor {} is not above low_freq_factor {}", where, rope.high_freq_factor,
         rope.low_freq_factor);
}

ModelConfig config_from_json(std::string_view text, std::string_view where) {
  const Json object = parse_json(text, where);
  if (!object.is_object()) fail(ErrorCode::format, "{}: not a JSON object", where);
  ModelConfig config;
  read_architecture(object, where, config);
  refuse_foreign_keys(object, where);
  // Transformers gives a Mistral without the key a window of 4096; only null means none.
  if (config.model_type == "mistral" && !object.contains("sliding_window"))
    fail(ErrorCode::unsupported,
         "{}: 'sliding_window' is absent, which means 4096 for Mistral; not implemented; write "
         "null if the model has none",
         where);
  config.hidden_act = json_string(object, "hidden_act", where).value_or("silu");
  if (config.hidden_act != "silu" && config.hidden_act != "swish")
    fail(ErrorCode::unsupported, "{}: 'hidden_act' is '{}', only silu is implemented", where,
         printable(config.hidden_act));
  config.hidden_act = "silu";

  config.vocab_size = required_size(object, "vocab_size", where);
  config.hidden_size = required_size(object, "hidden_size", where);
  config.intermediate_size = required_size(object, "intermediate_size", where);
  config.num_layers = required_size(object, "num_hidden_layers", where);
  config.num_heads = required_size(object, "num_attention_heads", where);
  // The defaults of Transformers' two configurations.
  const int64_t default_kv_heads = config.model_type == "mistral" ? 8 : config.num_heads;
  config.num_kv_heads = json_integer(object, "num_key_value_heads", where).value_or(default_kv_heads);
  config.max_position_embeddings = required_size(object, "max_position_embeddings", where);
  if (const auto head_dim = json_integer(object, "head_dim", where)) {
    config.head_dim = *head_dim;
  } else {
    if (config.num_heads <= 0 || config.hidden_size % config.num_heads != 0)
      fail(ErrorCode::format, "{}: hidden_size {} is not a multiple of num_attention_heads {}", where,
           config.hidden_size, config.num_heads);
    config.head_dim = config.hidden_size / config.num_heads;
  }
  config.rms_norm_eps = json_number(object, "rms_norm_eps", where).value_or(1e-6);
  read_rope(object, where, config);
  config.tie_word_embeddings = json_bool(object, "tie_word_embeddings", where).value_or(false);
  config.attention_bias = json_bool(object, "attention_bias", where).value_or(false);
  config.mlp_bias = json_bool(object, "mlp_bias", where).value_or(false);
  if (config.model_type == "mistral" && (config.attention_bias || config.mlp_bias))
    fail(ErrorCode::unsupported, "{}: a Mistral with biases is not implemented", where);

  // Absent ids (not null ones) have defaults in Transformers.
  config.bos_token_id = object.contains("bos_token_id") ? json_token_id(object, "bos_token_id", where) : 1;
  config.eos_token_ids =
      object.contains("eos_token_id") ? json_token_ids(object, "eos_token_id", where) : std::vector<int64_t>{2};
  config.pad_token_id = json_token_id(object, "pad_token_id", where);
  config.torch_dtype = json_string(object, "torch_dtype", where).value_or("");
  if (config.torch_dtype.empty()) config.torch_dtype = json_string(object, "dtype", where).value_or("");
  validate_config(config, where);
  return config;
}

std::string config_to_json(const ModelConfig& config) {
  OrderedJson object;
  object["architectures"] = {config.architecture};
  object["model_type"] = config.model_type;
  object["vocab_size"] = config.vocab_size;
  object["hidden_size"] = config.hidden_size;
  object["intermediate_size"] = config.intermediate_size;
  object["num_hidden_layers"] = config.num_layers;
  object["num_attention_heads"] = config.num_heads;
  object["num_key_value_heads"] = config.num_kv_heads;
  object["head_dim"] = config.head_dim;
  object["hidden_act"] = config.hidden_act;
  object["max_position_embeddings"] = config.max_position_embeddings;
  object["rms_norm_eps"] = config.rms_norm_eps;
  object["rope_theta"] = config.rope_theta;
  object["rope_scaling"] = nullptr;
  if (config.rope_scaling) {
    const RopeScaling& rope = *config.rope_scaling;
    OrderedJson scaling = {{"rope_type", rope.type}, {"factor", rope.factor}};
    if (rope.type == "llama3") {
      scaling["low_freq_factor"] = rope.low_freq_factor;
      scaling["high_freq_factor"] = rope.high_freq_factor;
      scaling["original_max_position_embeddings"] = rope.original_max_position_embeddings;
    }
    object["rope_scaling"] = std::move(scaling);
  }
  object["tie_word_embeddings"] = config.tie_word_embeddings;
  if (config.model_type == "mistral") {
    object["sliding_window"] = nullptr;
  } else {
    object["attention_bias"] = config.attention_bias;
    object["mlp_bias"] = config.mlp_bias;
  }
  object["bos_token_id"] = config.bos_token_id ? OrderedJson(*config.bos_token_id) : OrderedJson(nullptr);
  if (config.eos_token_ids.empty())
    object["eos_token_id"] = nullptr;
  else if (config.eos_token_ids.size() == 1)
    object["eos_token_id"] = config.eos_token_ids[0];
  else
    object["eos_token_id"] = config.eos_token_ids;
  object["pad_token_id"] = config.pad_token_id ? OrderedJson(*config.pad_token_id) : OrderedJson(nullptr);
  if (!config.torch_dtype.empty()) object["torch_dtype"] = config.torch_dtype;
  return object.dump(2) + "\n";
}

}  // namespace temper::io
