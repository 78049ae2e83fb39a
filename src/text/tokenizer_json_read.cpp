#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/json.h"
#include "text/json_cursor.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

constexpr int64_t kMaxId = (1 << 24) - 1;

constexpr std::array<std::string_view, 8> kNormalizers{"NFC",       "NFD",     "NFKC",    "NFKD",
                                                       "Lowercase", "Prepend", "Replace", "Sequence"};
constexpr std::array<std::string_view, 5> kPreTokenizers{"ByteLevel", "Digits", "Punctuation", "Split", "Sequence"};
constexpr std::array<std::string_view, 6> kDecoders{"ByteLevel", "ByteFallback", "Fuse",
                                                    "Replace",   "Strip",        "Sequence"};
constexpr std::array<std::string_view, 5> kPostProcessors{"BertProcessing", "ByteLevel", "RobertaProcessing",
                                                          "TemplateProcessing", "Sequence"};

// Far more than any real file has; each step may compile a regular expression.
constexpr size_t kMaxSteps = 64;

template <class Step>
void add_step(const JsonCursor& at, std::vector<Step>& steps, Step step) {
  if (steps.size() == kMaxSteps) at.unsupported(fmt::format("more than {} steps aren't supported", kMaxSteps));
  steps.push_back(std::move(step));
}

template <class Known>
[[noreturn]] void refuse_type(const JsonCursor& at, std::string_view kind, const Known& known) {
  at.unsupported(fmt::format("{} '{}' isn't supported; known are {}", kind, at.at("type").string(),
                             fmt::join(known.begin(), known.end(), ", ")));
}

struct Pattern {
  std::string text;
  bool is_regex;
};

Pattern read_pattern(const JsonCursor& pattern) {
  if (const auto regex = pattern.find("Regex")) return {regex->string(), true};
  if (const auto literal = pattern.find("String")) return {literal->string(), false};
  pattern.malformed("a pattern is {\"String\": ...} or {\"Regex\": ...}");
}

void read_normalizer(const JsonCursor& at, std::vector<NormalizerStep>& steps) {
  using Kind = NormalizerStep::Kind;
  static const std::unordered_map<std::string_view, Kind> kSimple{{"NFC", Kind::nfc},
                                                                  {"NFD", Kind::nfd},
                                                                  {"NFKC", Kind::nfkc},
                                                                  {"NFKD", Kind::nfkd},
                                                                  {"Lowercase", Kind::lowercase}};
  const std::string& type = at.at("type").string();
  if (const auto simple = kSimple.find(type); simple != kSimple.end()) {
    add_step(at, steps, {.kind = simple->second});
  } else if (type == "Sequence") {
    for (const JsonCursor& element : at.at("normalizers").elements()) read_normalizer(element, steps);
  } else if (type == "Prepend") {
    add_step(at, steps, {.kind = Kind::prepend, .content = at.at("prepend").string()});
  } else if (type == "Replace") {
    Pattern pattern = read_pattern(at.at("pattern"));
    add_step(at, steps,
             {.kind = Kind::replace,
              .pattern = std::move(pattern.text),
              .is_regex = pattern.is_regex,
              .content = at.at("content").string()});
  } else {
    refuse_type(at, "normalizer", kNormalizers);
  }
}

SplitBehavior read_behavior(const JsonCursor& at) {
  static const std::unordered_map<std::string_view, SplitBehavior> kBehaviors{
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous}};
  const auto found = kBehaviors.find(at.string());
  if (found == kBehaviors.end()) {
    at.malformed(fmt::format(
        "behavior '{}' is none of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous", at.string()));
  }
  return found->second;
}

void read_pre_tokenizer(const JsonCursor& at, std::vector<PreTokenizerStep>& steps) {
  using Kind = PreTokenizerStep::Kind;
  const std::string& type = at.at("type").string();
  if (type == "Sequence") {
    for (const JsonCursor& element : at.at("pretokenizers").elements()) read_pre_tokenizer(element, steps);
    return;
  }
  PreTokenizerStep step{.kind = Kind::split};
  if (type == "Split") {
    Pattern pattern = read_pattern(at.at("pattern"));
    step.pattern = std::move(pattern.text);
    step.is_regex = pattern.is_regex;
    step.behavior = read_behavior(at.at("behavior"));
    step.invert = at.at("invert").boolean();
  } else if (type == "Digits") {
    step.kind = Kind::digits;
    step.individual_digits = at.at("individual_digits").boolean();
  } else if (type == "Punctuation") {
    step.kind = Kind::punctuation;
    if (const auto behavior = at.find("behavior")) step.behavior = read_behavior(*behavior);
  } else if (type == "ByteLevel") {
    step.kind = Kind::byte_level;
    step.add_prefix_space = at.at("add_prefix_space").boolean();
    step.trim_offsets = at.at("trim_offsets").boolean();
    step.use_regex = at.boolean_or("use_regex", true);
  } else {
    refuse_type(at, "pre-tokenizer", kPreTokenizers);
  }
  add_step(at, steps, std::move(step));
}

void read_decoder(const JsonCursor& at, std::vector<DecoderStep>& steps) {
  using Kind = DecoderStep::Kind;
  const std::string& type = at.at("type").string();
  DecoderStep step{.kind = Kind::fuse};
  if (type == "Sequence") {
    for (const JsonCursor& element : at.at("decoders").elements()) read_decoder(element, steps);
    return;
  } else if (type == "ByteLevel") {
    step.kind = Kind::byte_level;
  } else if (type == "ByteFallback") {
    step.kind = Kind::byte_fallback;
  } else if (type == "Fuse") {
    step.kind = Kind::fuse;
  } else if (type == "Strip") {
    step.kind = Kind::strip;
    const JsonCursor content = at.at("content");
    step.content = content.string();
    if (step.content.empty() || code_point_at(step.content, 0).bytes != step.content.size()) {
      content.malformed("one character is needed");
    }
    step.start = static_cast<int>(at.at("start").integer(0, 1 << 20));
    step.stop = static_cast<int>(at.at("stop").integer(0, 1 << 20));
  } else if (type == "Replace") {
    step.kind = Kind::replace;
    Pattern pattern = read_pattern(at.at("pattern"));
    step.pattern = std::move(pattern.text);
    step.is_regex = pattern.is_regex;
    step.content = at.at("content").string();
  } else {
    refuse_type(at, "decoder", kDecoders);
  }
  add_step(at, steps, std::move(step));
}

class TokenizerJsonReader {
 public:
  TokenizerSpec read(const JsonCursor& root) {
    root.object();
    read_model(root.at("model"));
    if (const auto added = root.find("added_tokens")) read_added_tokens(*added);
    if (const auto normalizer = root.find("normalizer")) read_normalizer(*normalizer, spec_.normalizer);
    if (const auto pre_tokenizer = root.find("pre_tokenizer")) read_pre_tokenizer(*pre_tokenizer, spec_.pre_tokenizer);
    if (const auto post_processor = root.find("post_processor")) read_post_processor(*post_processor);
    if (const auto decoder = root.find("decoder")) read_decoder(*decoder, spec_.decoder.emplace());
    return std::move(spec_);
  }

 private:
  void read_model(const JsonCursor& model) {
    if (const auto type = model.find("type"); type && type->string() != "BPE") {
      model.unsupported(fmt::format("model '{}' isn't supported; known is BPE", type->string()));
    }
    if (const auto dropout = model.find("dropout"); dropout && model.object().at("dropout") != 0.0) {
      dropout->unsupported("random merges (dropout) aren't supported");
    }
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const auto text = model.find(affix); text && !text->string().empty()) {
        text->unsupported(fmt::format("'{}' isn't supported; byte-level models have none", text->string()));
      }
    }
    if (const auto unk = model.find("unk_token")) spec_.unk_token = unk->string();
    spec_.fuse_unk = model.boolean_or("fuse_unk", false);
    spec_.byte_fallback = model.boolean_or("byte_fallback", false);
    spec_.ignore_merges = model.boolean_or("ignore_merges", false);
    read_vocabulary(model.at("vocab"));
    read_merges(model.at("merges"));
  }

  void read_vocabulary(const JsonCursor& at) {
    vocabulary_entries_ = at.object().size();
    const int64_t plausible = std::min<int64_t>(kMaxId, static_cast<int64_t>(vocabulary_entries_) * 8 + 65536);
    ids_.reserve(vocabulary_entries_);
    spec_.tokens.reserve(vocabulary_entries_);
    for (const auto& [token, id_value] : at.object().get_ref<const Json::object_t&>()) {
      const int64_t id = id_value.is_number_integer() ? id_value.get<int64_t>() : -1;
      if (id < 0 || id > plausible) {
        at.malformed(fmt::format("token '{}' has the id {}; integers from 0 to {} are plausible for {} tokens", token,
                                 id_value.dump().substr(0, 40), plausible, vocabulary_entries_));
      }
      set_token(at, static_cast<int32_t>(id), token);
      ids_.emplace(token, static_cast<int32_t>(id));
    }
  }

  void set_token(const JsonCursor& at, int32_t id, const std::string& token) {
    const auto index = static_cast<size_t>(id);
    if (index >= spec_.tokens.size()) spec_.tokens.resize(index + 1);
    if (spec_.tokens[index]) {
      at.malformed(fmt::format("tokens '{}' and '{}' have the same id {}", *spec_.tokens[index], token, id));
    }
    spec_.tokens[index] = token;
  }

  /// "left right", or ["left", "right"] when tokens may contain spaces.
  void read_merges(const JsonCursor& at) {
    const Json& merges = at.array();
    spec_.merges.reserve(merges.size());
    for (size_t i = 0; i < merges.size(); ++i) {
      const Json& merge = merges[i];
      std::string_view left, right;
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        left = merge[0].get_ref<const std::string&>();
        right = merge[1].get_ref<const std::string&>();
      } else if (merge.is_string()) {
        const std::string_view text = merge.get_ref<const std::string&>();
        if (text.starts_with("#version")) continue;
        const size_t space = text.find(' ');
        if (space == text.npos || text.find(' ', space + 1) != text.npos) {
          at.malformed(fmt::format("merge {} is '{}'; two tokens with a space between are needed", i, text));
        }
        left = text.substr(0, space);
        right = text.substr(space + 1);
      } else {
        at.malformed(fmt::format("merge {} is {}; \"left right\" or [\"left\", \"right\"] is needed", i,
                                 merge.dump().substr(0, 80)));
      }
      spec_.merges.emplace_back(merge_token(at, i, left), merge_token(at, i, right));
    }
  }

  int32_t merge_token(const JsonCursor& at, size_t merge, std::string_view token) const {
    const auto found = ids_.find(token);
    if (found == ids_.end()) at.malformed(fmt::format("merge {}: token '{}' isn't in the vocabulary", merge, token));
    return found->second;
  }

  void read_added_tokens(const JsonCursor& at) {
    int64_t largest = -1;
    for (const JsonCursor& element : at.elements()) {
      AddedToken token;
      token.content = element.at("content").string();
      token.id = static_cast<int32_t>(element.at("id").integer(0, kMaxId));
      token.special = element.at("special").boolean();
      token.lstrip = element.at("lstrip").boolean();
      token.rstrip = element.at("rstrip").boolean();
      token.single_word = element.at("single_word").boolean();
      token.normalized = element.at("normalized").boolean();
      if (token.content.empty()) element.malformed("'content' is empty");
      if (!added_.insert(element.at("content").string()).second) {
        element.malformed(fmt::format("'{}' is added twice", token.content));
      }
      // Hugging Face numbers added tokens itself: as the vocabulary does, else from its end. A file that says
      // otherwise would be read differently there, and was meant differently by whoever trained the model.
      const auto known = ids_.find(token.content);
      const auto end = static_cast<int64_t>(vocabulary_entries_);
      const int64_t expected = known != ids_.end() ? known->second : largest >= end ? largest + 1 : end;
      if (token.id != expected) {
        element.malformed(fmt::format("'{}' has the id {}, but by its place in the vocabulary {}", token.content,
                                      token.id, expected));
      }
      token.in_vocabulary = known != ids_.end();
      if (!token.in_vocabulary) {
        set_token(element, token.id, token.content);
        ids_.emplace(element.at("content").string(), token.id);
      }
      largest = std::max<int64_t>(largest, token.id);
      spec_.added_tokens.push_back(std::move(token));
    }
  }

  void read_post_processor(const JsonCursor& at) {
    const std::string& type = at.at("type").string();
    if (type == "ByteLevel") return;  // concerns offsets only
    if (type == "Sequence") {
      for (const JsonCursor& element : at.at("processors").elements()) read_post_processor(element);
    } else if (type == "TemplateProcessing") {
      read_template(at);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      wrap({token_and_id(at.at("cls"))}, {token_and_id(at.at("sep"))});
    } else {
      refuse_type(at, "post-processor", kPostProcessors);
    }
  }

  void read_template(const JsonCursor& at) {
    std::vector<int32_t> before, after;
    bool sequence_met = false;
    for (const JsonCursor& item : at.at("single").elements()) {
      if (const auto sequence = item.find("Sequence")) {
        if (sequence->at("id").string() != "A" || sequence_met) {
          item.unsupported("a template for one sequence needs sequence A exactly once");
        }
        sequence_met = true;
        continue;
      }
      const std::string& name = item.at("SpecialToken").at("id").string();
      const JsonCursor ids = at.at("special_tokens").at(name.c_str()).at("ids");
      for (const JsonCursor& id : ids.elements()) (sequence_met ? after : before).push_back(vocabulary_id(id));
    }
    if (!sequence_met) at.unsupported("a template for one sequence needs sequence A exactly once");
    wrap(before, after);
  }

  int32_t token_and_id(const JsonCursor& at) const {
    const std::vector<JsonCursor> pair = at.elements();
    if (pair.size() != 2) at.malformed("a token and its id are needed");
    return vocabulary_id(pair[1]);
  }

  int32_t vocabulary_id(const JsonCursor& at) const {
    const int64_t id = at.integer(0, kMaxId);
    if (id >= static_cast<int64_t>(spec_.tokens.size()) || !spec_.tokens[static_cast<size_t>(id)]) {
      at.malformed(fmt::format("no token has the id {}", id));
    }
    return static_cast<int32_t>(id);
  }

  void wrap(const std::vector<int32_t>& before, const std::vector<int32_t>& after) {
    spec_.prefix_ids.insert(spec_.prefix_ids.begin(), before.begin(), before.end());
    spec_.suffix_ids.insert(spec_.suffix_ids.end(), after.begin(), after.end());
  }

  TokenizerSpec spec_;
  size_t vocabulary_entries_ = 0;
  std::unordered_map<std::string_view, int32_t> ids_;  // keys point into the document
  std::unordered_set<std::string_view> added_;
};

}  // namespace

TokenizerSpec spec_from_json(std::string_view json, std::string_view where) {
  const Json document = parse_json(json, where);
  return TokenizerJsonReader().read(JsonCursor(document, where));
}

TokenRoles roles_from_config(std::string_view config_json, const TokenizerSpec& spec, std::string_view where) {
  TokenRoles roles;
  const auto id_of = [&](std::string_view token) -> std::optional<int32_t> {
    const auto found = std::find(spec.tokens.begin(), spec.tokens.end(), token);
    if (found == spec.tokens.end()) return std::nullopt;
    return static_cast<int32_t>(found - spec.tokens.begin());
  };
  if (spec.unk_token) roles.unk = id_of(*spec.unk_token);
  if (config_json.empty()) return roles;
  const std::string config_where = fmt::format("{} (tokenizer_config.json)", where);
  const Json document = parse_json(config_json, config_where);
  const JsonCursor config(document, config_where);
  const auto role = [&](const char* key) -> std::optional<int32_t> {
    const auto token = config.find(key);
    if (!token) return std::nullopt;
    // Either the token, or an object that describes it as an added token.
    return id_of(document.at(key).is_object() ? token->at("content").string() : token->string());
  };
  roles.bos = role("bos_token");
  roles.eos = role("eos_token");
  roles.pad = role("pad_token");
  if (const auto unk = role("unk_token")) roles.unk = unk;
  return roles;
}

Tokenizer Tokenizer::from_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                               std::string_view where) {
  TokenizerSpec spec = spec_from_json(tokenizer_json, where);
  const TokenRoles roles = roles_from_config(tokenizer_config_json, spec, where);
  return Tokenizer(std::make_shared<TokenizerData>(std::move(spec), roles, std::string(tokenizer_config_json), where));
}

}  // namespace temper::text
