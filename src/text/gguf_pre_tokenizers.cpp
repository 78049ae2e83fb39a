#include "text/gguf_pre_tokenizers.h"

#include <fmt/ranges.h>

#include <array>

#include "base/fail.h"

namespace temper::text {
namespace {

// The regular expressions are those of the models' own tokenizer.json files.
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|)"
    R"(\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekken = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
                                R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
                                R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepSeekV3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

PreTokenizerStep split(const char* regex) {
  return {.kind = PreTokenizerStep::Kind::split, .pattern = regex, .is_regex = true};
}
PreTokenizerStep byte_level(bool use_regex) {
  return {.kind = PreTokenizerStep::Kind::byte_level, .use_regex = use_regex};
}
PreTokenizerStep digits(bool individual) {
  return {.kind = PreTokenizerStep::Kind::digits, .individual_digits = individual};
}
std::vector<NormalizerStep> nfc() {
  return {{.kind = NormalizerStep::Kind::nfc}};
}

GgufPreTokenizer gpt2() {
  return {.steps = {byte_level(true)}};
}
GgufPreTokenizer neox() {
  return {.normalizer = nfc(), .steps = {byte_level(true)}};
}
GgufPreTokenizer starcoder() {
  return {.steps = {digits(true), byte_level(true)}};
}
GgufPreTokenizer command_r() {
  return {.normalizer = nfc(), .steps = {digits(true), byte_level(true)}};
}
GgufPreTokenizer llama3() {
  return {.steps = {split(kLlama3), byte_level(false)}, .ignore_merges = true, .add_bos = true};
}
GgufPreTokenizer dbrx() {
  return {.steps = {split(kLlama3), byte_level(false)}};
}
GgufPreTokenizer qwen2() {
  return {.normalizer = nfc(), .steps = {split(kQwen2), byte_level(false)}};
}
GgufPreTokenizer qwen35() {
  return {.normalizer = nfc(), .steps = {split(kQwen35), byte_level(false)}};
}
GgufPreTokenizer gpt4o() {
  return {.steps = {split(kGpt4o), byte_level(false)}};
}
GgufPreTokenizer tekken() {
  return {.steps = {split(kTekken), byte_level(false)}, .ignore_merges = true, .add_bos = true};
}
GgufPreTokenizer deepseek_coder() {
  return {.steps = {split(R"([\r\n])"), split(R"(\s?\p{L}+)"), split(R"(\s?\p{P}+)"), split("[一-龥ࠀ-一가-퟿]+"),
                    digits(true), byte_level(false)}};
}
GgufPreTokenizer deepseek_v3() {
  return {.steps = {split(R"(\p{N}{1,3})"), split("[一-龥぀-ゟ゠-ヿ]+"), split(kDeepSeekV3), byte_level(false)}};
}
GgufPreTokenizer falcon() {
  // Digits looks at characters that stand for bytes here, among them the superscripts of Latin-1.
  return {.steps = {{.kind = PreTokenizerStep::Kind::punctuation, .behavior = SplitBehavior::contiguous},
                    byte_level(true),
                    digits(false),
                    split("[0-9][0-9][0-9]")}};
}

struct Known {
  std::string_view name;
  GgufPreTokenizer (*make)();
};

constexpr std::array<Known, 23> kKnown{{
    {"command-r", command_r},
    {"dbrx", dbrx},
    {"deepseek-coder", deepseek_coder},
    {"deepseek-r1-qwen", qwen2},
    {"deepseek-v3", deepseek_v3},
    {"falcon", falcon},
    {"falcon3", llama3},
    {"gpt-2", gpt2},
    {"gpt-4o", gpt4o},
    {"llama-bpe", llama3},
    {"llama-v3", llama3},
    {"llama3", llama3},
    {"llama4", gpt4o},
    {"mpt", neox},
    {"olmo", neox},
    {"phi-2", gpt2},
    {"qwen2", qwen2},
    {"qwen35", qwen35},
    {"refact", starcoder},
    {"roberta-bpe", gpt2},
    {"smollm", starcoder},
    {"starcoder", starcoder},
    {"tekken", tekken},
}};

}  // namespace

GgufPreTokenizer gguf_pre_tokenizer(std::string_view name, std::string_view where) {
  for (const Known& known : kKnown) {
    if (known.name == name) return known.make();
  }
  if (name.empty()) {
    fail(ErrorCode::unsupported,
         "{}: tokenizer.ggml.pre is absent, so nothing says how to cut text into words; convert the model again with a "
         "newer converter (known are {})",
         where, fmt::join(known_gguf_pre_tokenizers(), ", "));
  }
  fail(ErrorCode::unsupported, "{}: tokenizer.ggml.pre '{}' isn't supported; known are {}", where, name,
       fmt::join(known_gguf_pre_tokenizers(), ", "));
}

std::vector<std::string> known_gguf_pre_tokenizers() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return names;
}

}  // namespace temper::text
