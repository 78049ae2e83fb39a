#include "adapter/lora_config.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "adapter/near_match.h"
#include "base/fail.h"
#include "base/json.h"
#include "text/regex.h"

namespace temper {
namespace {

constexpr int64_t kMaxRank = 1 << 20;

/// PEFT's rule for names in target_modules and in patterns: the whole path, or its end after a dot.
bool names_module(std::string_view module, std::string_view name) {
  if (module == name) return true;
  return module.size() > name.size() && module.ends_with(name) && module[module.size() - name.size() - 1] == '.';
}

/// Python's re.fullmatch on a module path.
bool matches_whole(const std::string& pattern, std::string_view module) {
  const text::Regex regex("\\A(?:" + pattern + ")\\z", "lora target '" + pattern + "'");
  text::RegexScratch scratch;
  std::vector<text::Range> matches;
  regex.find_all(module, scratch, matches);
  return !matches.empty();
}

/// PEFT looks patterns up as `^(.*\.)?pattern$`, so keys may be names or regular expressions.
template <class T>
const T* pattern_entry(const std::map<std::string, T>& patterns, std::string_view module) {
  for (const auto& [key, value] : patterns)
    if (names_module(module, key) || matches_whole("(?:.*\\.)?(?:" + key + ")", module)) return &value;
  return nullptr;
}

std::string last_component(const std::string& module) {
  return module.substr(module.rfind('.') + 1);
}

void check_rank(std::string_view what, int64_t rank) {
  if (rank < 1) fail(ErrorCode::invalid_argument, "lora: {} {} must be at least 1", what, rank);
  // Above any matrix's extent, and small enough that sizes made from it can't overflow.
  if (rank > kMaxRank)
    fail(ErrorCode::invalid_argument, "lora: {} {} is implausible; at most {} is read", what, rank, kMaxRank);
}

/// JSON numbers convert to integers silently: 8.5 would become 8.
int64_t integer_of(const Json& value, std::string_view where, std::string_view key) {
  const bool too_large = value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX};
  if (!value.is_number_integer() || too_large)
    fail(ErrorCode::format, "{}: '{}' is {}; an integer is needed", where, key, value.dump());
  return value.get<int64_t>();
}

/// PEFT's initialisations that subtract the first B A from the base, so that the adapter fits no other weights.
bool changes_the_base(std::string initialisation) {
  std::ranges::transform(initialisation, initialisation.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return initialisation.starts_with("pissa") || initialisation.starts_with("corda") || initialisation == "olora" ||
         initialisation == "loftq" || initialisation == "lora_ga";
}

}  // namespace

int64_t LoraConfig::rank_of(std::string_view module) const {
  const int64_t* found = pattern_entry(rank_pattern, module);
  return found ? *found : rank;
}

double LoraConfig::alpha_of(std::string_view module) const {
  const double* found = pattern_entry(alpha_pattern, module);
  return found ? *found : alpha;
}

double LoraConfig::scale_of(std::string_view module) const {
  const auto r = static_cast<double>(rank_of(module));
  return alpha_of(module) / (rslora ? std::sqrt(r) : r);
}

std::vector<std::string> target_modules(const LoraConfig& config, const std::vector<std::string>& modules) {
  check_rank("rank", config.rank);
  for (const auto& [key, rank] : config.rank_pattern) check_rank(fmt::format("rank_pattern '{}': rank", key), rank);
  if (!(config.dropout >= 0.0 && config.dropout < 1.0))
    fail(ErrorCode::invalid_argument, "lora: dropout {} must be in [0, 1)", config.dropout);
  if (!std::isfinite(config.alpha) || config.alpha <= 0.0)
    fail(ErrorCode::invalid_argument, "lora: alpha {} must be positive", config.alpha);
  if (config.targets.empty()) fail(ErrorCode::invalid_argument, "lora: no target modules; all-linear takes them all");
  if (config.targets == std::vector<std::string>{"all-linear"}) return modules;

  std::vector<std::string> chosen;
  std::vector<std::string> short_names;
  for (const std::string& module : modules) short_names.push_back(last_component(module));
  for (const std::string& target : config.targets) {
    size_t found = 0;
    for (const std::string& module : modules) {
      if (!(config.targets_are_regex ? matches_whole(target, module) : names_module(module, target))) continue;
      ++found;
      if (std::ranges::find(chosen, module) == chosen.end()) chosen.push_back(module);
    }
    if (found == 0)
      fail(ErrorCode::invalid_argument, "lora: target '{}' names no linear layer of this model; did you mean {}?",
           target, fmt::join(near_matches(target, short_names, 3), ", "));
  }
  return chosen;
}

LoraConfig lora_config_from_json(std::string_view text, std::string_view where) {
  const Json json = parse_json(text, where);
  const auto refuse = [&](std::string_view key, std::string_view meaning) {
    fail(ErrorCode::unsupported, "{}: '{}' is set ({}), which temper doesn't implement", where, key, meaning);
  };
  LoraConfig config;
  try {
    if (const std::string type = json.value("peft_type", ""); type != "LORA")
      fail(ErrorCode::unsupported, "{}: peft_type '{}' is not LORA", where, type);
    const auto is_set = [&](const char* key) {
      const auto found = json.find(key);
      if (found == json.end() || found->is_null()) return false;
      if (found->is_boolean()) return found->get<bool>();
      if (found->is_array() || found->is_object()) return !found->empty();
      return true;
    };
    if (is_set("use_dora")) refuse("use_dora", "weight decomposition");
    if (is_set("lora_bias")) refuse("lora_bias", "a bias on B");
    if (is_set("modules_to_save")) refuse("modules_to_save", "fully trained modules");
    if (is_set("fan_in_fan_out")) refuse("fan_in_fan_out", "transposed weights");
    if (is_set("layer_replication")) refuse("layer_replication", "repeated layers");
    if (is_set("trainable_token_indices")) refuse("trainable_token_indices", "trained embeddings");
    if (is_set("target_parameters")) refuse("target_parameters", "adapters on bare parameters");
    if (is_set("megatron_config")) refuse("megatron_config", "Megatron layers");
    if (is_set("use_qalora")) refuse("use_qalora", "pooled inputs");
    if (is_set("alora_invocation_tokens")) refuse("alora_invocation_tokens", "activated LoRA");
    if (is_set("exclude_modules")) refuse("exclude_modules", "modules left out");
    if (is_set("layers_to_transform")) refuse("layers_to_transform", "a choice of layers");
    if (is_set("arrow_config")) refuse("arrow_config", "routing between adapters");
    if (is_set("use_bdlora")) refuse("use_bdlora", "block-diagonal factors");
    if (is_set("kasa_config")) refuse("kasa_config", "singular-value adaptation");
    if (is_set("monteclora_config")) refuse("monteclora_config", "sampled factors");
    if (const auto bias = json.find("bias"); bias != json.end() && bias->is_string() && *bias != "none")
      refuse("bias", "trained biases");
    if (const auto init = json.find("init_lora_weights");
        init != json.end() && init->is_string() && changes_the_base(init->get<std::string>()))
      refuse("init_lora_weights", init->get<std::string>() + " changes the base's weights");
    if (const auto rank = json.find("r"); rank != json.end()) config.rank = integer_of(*rank, where, "r");
    config.alpha = json.value("lora_alpha", 8.0);
    config.dropout = json.value("lora_dropout", 0.0);
    config.rslora = json.value("use_rslora", false);
    if (const auto base = json.find("base_model_name_or_path"); base != json.end() && base->is_string())
      config.base_model = base->get<std::string>();
    const auto targets = json.find("target_modules");
    if (targets == json.end() || targets->is_null()) fail(ErrorCode::format, "{}: target_modules is missing", where);
    if (targets->is_string()) {
      config.targets = {targets->get<std::string>()};
      config.targets_are_regex = config.targets[0] != "all-linear";
    } else {
      config.targets = targets->get<std::vector<std::string>>();
      std::ranges::sort(config.targets);
    }
    if (is_set("rank_pattern")) {
      const Json& patterns = json.at("rank_pattern");
      if (!patterns.is_object())
        fail(ErrorCode::format, "{}: 'rank_pattern' is {}; an object is needed", where, patterns.dump());
      for (const auto& [key, rank] : patterns.items())
        config.rank_pattern[key] = integer_of(rank, where, "rank_pattern");
    }
    if (is_set("alpha_pattern")) config.alpha_pattern = json.at("alpha_pattern").get<std::map<std::string, double>>();
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::format, "{}: {}", where, error.what());
  }
  return config;
}

std::string lora_config_to_json(const LoraConfig& config) {
  OrderedJson json;
  json["peft_type"] = "LORA";
  json["task_type"] = "CAUSAL_LM";
  json["base_model_name_or_path"] = config.base_model;
  json["r"] = config.rank;
  const bool whole = config.alpha == std::floor(config.alpha) && std::abs(config.alpha) < 0x1p53;
  json["lora_alpha"] = whole ? OrderedJson(static_cast<int64_t>(config.alpha)) : OrderedJson(config.alpha);
  json["lora_dropout"] = config.dropout;
  json["use_rslora"] = config.rslora;
  if (config.targets_are_regex || config.targets == std::vector<std::string>{"all-linear"})
    json["target_modules"] = config.targets[0];
  else
    json["target_modules"] = config.targets;
  json["rank_pattern"] = config.rank_pattern.empty() ? OrderedJson::object() : OrderedJson(config.rank_pattern);
  json["alpha_pattern"] = config.alpha_pattern.empty() ? OrderedJson::object() : OrderedJson(config.alpha_pattern);
  json["bias"] = "none";
  json["fan_in_fan_out"] = false;
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  json["modules_to_save"] = nullptr;
  json["peft_version"] = "0.21.0";
  return json.dump(2) + "\n";
}

}  // namespace temper
