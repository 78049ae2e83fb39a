#include <algorithm>
#include <vector>

#include "base/json.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

namespace temper::text {
namespace {

OrderedJson pattern_json(const std::string& pattern, bool is_regex) {
  return {{is_regex ? "Regex" : "String", pattern}};
}

/// No step is null, one stands for itself, several are a Sequence under `list`.
OrderedJson sequence_or_single(OrderedJson steps, const char* list) {
  if (steps.empty()) return nullptr;
  if (steps.size() == 1) return std::move(steps[0]);
  return {{"type", "Sequence"}, {list, std::move(steps)}};
}

OrderedJson normalizer_json(const std::vector<NormalizerStep>& steps) {
  using Kind = NormalizerStep::Kind;
  OrderedJson list = OrderedJson::array();
  for (const NormalizerStep& step : steps) {
    switch (step.kind) {
      case Kind::nfc:
        list.push_back({{"type", "NFC"}});
        break;
      case Kind::nfd:
        list.push_back({{"type", "NFD"}});
        break;
      case Kind::nfkc:
        list.push_back({{"type", "NFKC"}});
        break;
      case Kind::nfkd:
        list.push_back({{"type", "NFKD"}});
        break;
      case Kind::lowercase:
        list.push_back({{"type", "Lowercase"}});
        break;
      case Kind::prepend:
        list.push_back({{"type", "Prepend"}, {"prepend", step.content}});
        break;
      case Kind::replace:
        list.push_back(
            {{"type", "Replace"}, {"pattern", pattern_json(step.pattern, step.is_regex)}, {"content", step.content}});
        break;
    }
  }
  return sequence_or_single(std::move(list), "normalizers");
}

const char* behavior_name(SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::removed:
      return "Removed";
    case SplitBehavior::isolated:
      return "Isolated";
    case SplitBehavior::merged_with_previous:
      return "MergedWithPrevious";
    case SplitBehavior::merged_with_next:
      return "MergedWithNext";
    case SplitBehavior::contiguous:
      break;
  }
  return "Contiguous";
}

OrderedJson pre_tokenizer_json(const std::vector<PreTokenizerStep>& steps) {
  using Kind = PreTokenizerStep::Kind;
  OrderedJson list = OrderedJson::array();
  for (const PreTokenizerStep& step : steps) {
    switch (step.kind) {
      case Kind::split:
        list.push_back({{"type", "Split"},
                        {"pattern", pattern_json(step.pattern, step.is_regex)},
                        {"behavior", behavior_name(step.behavior)},
                        {"invert", step.invert}});
        break;
      case Kind::digits:
        list.push_back({{"type", "Digits"}, {"individual_digits", step.individual_digits}});
        break;
      case Kind::punctuation:
        list.push_back({{"type", "Punctuation"}, {"behavior", behavior_name(step.behavior)}});
        break;
      case Kind::byte_level:
        list.push_back({{"type", "ByteLevel"},
                        {"add_prefix_space", step.add_prefix_space},
                        {"trim_offsets", step.trim_offsets},
                        {"use_regex", step.use_regex}});
        break;
    }
  }
  return sequence_or_single(std::move(list), "pretokenizers");
}

OrderedJson decoder_json(const std::optional<std::vector<DecoderStep>>& steps) {
  using Kind = DecoderStep::Kind;
  if (!steps) return nullptr;
  OrderedJson list = OrderedJson::array();
  for (const DecoderStep& step : *steps) {
    switch (step.kind) {
      case Kind::byte_level:
        list.push_back(
            {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}});
        break;
      case Kind::byte_fallback:
        list.push_back({{"type", "ByteFallback"}});
        break;
      case Kind::fuse:
        list.push_back({{"type", "Fuse"}});
        break;
      case Kind::strip:
        list.push_back({{"type", "Strip"}, {"content", step.content}, {"start", step.start}, {"stop", step.stop}});
        break;
      case Kind::replace:
        list.push_back(
            {{"type", "Replace"}, {"pattern", pattern_json(step.pattern, step.is_regex)}, {"content", step.content}});
        break;
    }
  }
  // Unlike the others, a decoder of no step isn't an absent one: it joins tokens without spaces.
  if (list.empty()) return {{"type", "Fuse"}};
  return sequence_or_single(std::move(list), "decoders");
}

OrderedJson post_processor_json(const TokenizerSpec& spec) {
  if (spec.prefix_ids.empty() && spec.suffix_ids.empty()) return nullptr;
  OrderedJson special = OrderedJson::object();
  const auto token_item = [&](int32_t id, int type_id) -> OrderedJson {
    const std::string& token = *spec.tokens[static_cast<size_t>(id)];
    special[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
    return {{"SpecialToken", {{"id", token}, {"type_id", type_id}}}};
  };
  const auto append_sequence = [&](OrderedJson& items, const char* name, int type_id) {
    for (const int32_t id : spec.prefix_ids) items.push_back(token_item(id, type_id));
    items.push_back({{"Sequence", {{"id", name}, {"type_id", type_id}}}});
    for (const int32_t id : spec.suffix_ids) items.push_back(token_item(id, type_id));
  };
  OrderedJson single = OrderedJson::array(), pair = OrderedJson::array();
  append_sequence(single, "A", 0);
  append_sequence(pair, "A", 0);
  append_sequence(pair, "B", 1);
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special)}};
}

OrderedJson merges_json(const TokenizerSpec& spec) {
  const auto token = [&](int32_t id) -> const std::string& { return *spec.tokens[static_cast<size_t>(id)]; };
  const bool spaces = std::any_of(spec.merges.begin(), spec.merges.end(), [&](const auto& merge) {
    return token(merge.first).find(' ') != std::string::npos || token(merge.second).find(' ') != std::string::npos;
  });
  OrderedJson merges = OrderedJson::array();
  for (const auto& [left, right] : spec.merges) {
    // The one-string form is read by older releases too, but can't hold a token with a space.
    merges.push_back(spaces ? OrderedJson{token(left), token(right)} : OrderedJson(token(left) + " " + token(right)));
  }
  return merges;
}

/// The model's own tokens as {"token": id, ...}, by id. Written by hand: OrderedJson looks every new key up among all
/// earlier ones.
std::string vocabulary_json(const TokenizerSpec& spec) {
  std::vector<bool> left_out(spec.tokens.size());
  for (const AddedToken& token : spec.added_tokens) left_out[static_cast<size_t>(token.id)] = !token.in_vocabulary;
  std::string text = "{";
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (!spec.tokens[id] || left_out[id]) continue;
    if (text.size() > 1) text += ',';
    text += Json(*spec.tokens[id]).dump() + ":" + std::to_string(id);
  }
  return text + "}";
}

}  // namespace

std::string spec_to_json(const TokenizerSpec& spec) {
  OrderedJson added = OrderedJson::array();
  for (const AddedToken& token : spec.added_tokens) {
    added.push_back({{"id", token.id},
                     {"content", token.content},
                     {"single_word", token.single_word},
                     {"lstrip", token.lstrip},
                     {"rstrip", token.rstrip},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }
  OrderedJson model{{"type", "BPE"},
                    {"dropout", nullptr},
                    {"unk_token", spec.unk_token ? OrderedJson(*spec.unk_token) : OrderedJson(nullptr)},
                    {"continuing_subword_prefix", nullptr},
                    {"end_of_word_suffix", nullptr},
                    {"fuse_unk", spec.fuse_unk},
                    {"byte_fallback", spec.byte_fallback},
                    {"ignore_merges", spec.ignore_merges},
                    {"merges", merges_json(spec)}};
  const OrderedJson document{{"version", "1.0"},
                             {"truncation", nullptr},
                             {"padding", nullptr},
                             {"added_tokens", std::move(added)},
                             {"normalizer", normalizer_json(spec.normalizer)},
                             {"pre_tokenizer", pre_tokenizer_json(spec.pre_tokenizer)},
                             {"post_processor", post_processor_json(spec)},
                             {"decoder", decoder_json(spec.decoder)},
                             {"model", std::move(model)}};
  std::string text = document.dump();
  text.resize(text.size() - 2);  // opens `model` and the document again
  return text + ",\"vocab\":" + vocabulary_json(spec) + "}}";
}

std::string Tokenizer::to_json() const {
  return spec_to_json(data_->spec);
}

std::string Tokenizer::config_to_json(const std::optional<std::string>& chat_template) const {
  OrderedJson config;
  if (!data_->config.empty()) {
    config = parse_ordered_json(data_->config, "tokenizer_config.json");
  } else {
    const auto role = [&](const char* key, std::optional<int32_t> id) {
      if (id) config[key] = std::string(token(*id));
    };
    config = OrderedJson::object();
    role("bos_token", bos());
    role("eos_token", eos());
    role("pad_token", pad());
    role("unk_token", unk());
    config["clean_up_tokenization_spaces"] = false;  // decode() changes nothing either
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
  }
  if (chat_template) config["chat_template"] = *chat_template;
  return config.dump(2) + "\n";
}

}  // namespace temper::text
