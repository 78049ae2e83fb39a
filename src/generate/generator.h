#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/text_model.h"
#include "ops/sample.h"

namespace temper {

struct GenerateOptions {
  int64_t max_tokens = 256;                      ///< new tokens a prompt, at most
  SampleAttrs sampling = {.temperature = 0.0f};  ///< temperature 0: the most likely token
  float repetition_penalty = 1.0f;               ///< 1: none
  uint64_t seed = 0;
  std::vector<std::string> stop_strings = {};  ///< end the reply; not part of its text
  std::vector<int32_t> stop_tokens = {};       ///< beside the model's own
  bool ignore_eos = false;                     ///< go on to max_tokens whatever comes
  int64_t max_batch = 8;                       ///< prompts decoded side by side
};

/// The answer to one prompt.
struct Reply {
  std::vector<int32_t> ids;   ///< new tokens, the one that ended the reply included
  std::string text;           ///< special tokens left out
  std::string finish_reason;  ///< "stop": end token or stop string; "length": max_tokens or the context's end;
                              ///< "interrupted"
  int64_t prompt_tokens = 0;
};

struct GenerateStats {
  int64_t prompt_tokens = 0, decoded_tokens = 0;
  double prompt_seconds = 0, decode_seconds = 0;  ///< forward passes with and without a new prompt

  double prompt_tokens_per_s() const { return prompt_seconds > 0 ? double(prompt_tokens) / prompt_seconds : 0; }
  double decode_tokens_per_s() const { return decode_seconds > 0 ? double(decoded_tokens) / decode_seconds : 0; }
};

/// Text as it becomes certain: never half a character, never the beginning of a stop string.
using TextCallback = std::function<void(size_t prompt, std::string_view text)>;
/// A reply as soon as it is whole, whatever the others do.
using ReplyCallback = std::function<void(size_t prompt, const Reply& reply)>;

/// Generates with a KV cache. Prompts of different lengths share forward passes; as one ends, the next takes its place.
/// Throws Error{invalid_argument} for an empty prompt or one longer than the model's context, Error{numeric} for ids
/// outside of the vocabulary.
class Generator {
 public:
  Generator(Context& ctx, const TextModel& model, const BoundAdapter* adapter)
      : ctx_(ctx), model_(model), adapter_(adapter) {}

  /// `*stop` becoming true ends all replies with what they have.
  std::vector<Reply> run(std::span<const std::vector<int32_t>> prompts, const GenerateOptions& options,
                         const TextCallback& on_text = {}, const std::atomic<bool>* stop = nullptr,
                         const ReplyCallback& on_reply = {});
  const GenerateStats& stats() const { return stats_; }

 private:
  Context& ctx_;
  const TextModel& model_;
  const BoundAdapter* adapter_;
  GenerateStats stats_;
};

/// Throws for a prompt that `Generator` would refuse; the message begins with `where`.
void check_prompt(const io::ModelConfig& config, std::span<const int32_t> ids, std::string_view where);

/// Natural-log probabilities of each token given those before it: entry i for ids[i], entry 0 is NaN. Throws as
/// Generator.
std::vector<double> score_tokens(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                 const std::vector<int32_t>& ids);

}  // namespace temper
