#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "models/language_model.h"
#include "text/jinja/chat_template.h"
#include "text/tokenizer.h"

namespace temper {

struct TextModelOptions {
  std::optional<DType> dtype;  ///< compute type; unset: what the device prefers
  bool quantized = false;      ///< keep the file's blocks instead of expanding them at load
};

/// A model with what turns text into its tokens: checkpoint, tokenizer, chat template, weights.
class TextModel {
 public:
  /// Opens a Hugging Face folder or a GGUF file. Throws what Checkpoint, Tokenizer, ChatTemplate and
  /// load_language_model throw.
  static TextModel load(Backend& backend, Context& ctx, const std::filesystem::path& path,
                        const TextModelOptions& options);

  const io::Checkpoint& checkpoint() const { return checkpoint_; }
  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  const LanguageModel& language_model() const { return *model_; }
  bool has_chat_template() const { return template_.has_value(); }
  /// Throws Error{unsupported} for a model without one.
  const text::ChatTemplate& chat_template() const;

  /// Renders messages with the model's template and its own special tokens.
  text::Rendered render(const OrderedJson& messages, bool add_generation_prompt) const;
  /// Token ids of rendered text: nothing is added, since templates write their own special tokens. Throws
  /// Error{format} when the text begins with two BOS tokens.
  std::vector<int32_t> encode_rendered(std::string_view text) const;

  /// Tokens that end a reply: the model's EOS tokens and the end of a turn.
  const std::set<int32_t>& stop_tokens() const { return stop_tokens_; }
  /// The token written after a text that ends, if the model has one.
  std::optional<int32_t> eos() const;

 private:
  explicit TextModel(io::Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)) {}

  io::Checkpoint checkpoint_;
  std::optional<text::Tokenizer> tokenizer_;
  std::optional<text::ChatTemplate> template_;
  std::unique_ptr<LanguageModel> model_;
  std::set<int32_t> stop_tokens_;
};

/// The tokenizer of a checkpoint, whatever form it is stored in.
text::Tokenizer load_tokenizer(const io::Checkpoint& checkpoint);
/// Its chat template, if it has one.
std::optional<text::ChatTemplate> load_chat_template(const io::Checkpoint& checkpoint);
/// Renders with the tokenizer's BOS and EOS.
text::Rendered render_chat(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer,
                           const OrderedJson& messages, bool add_generation_prompt);

}  // namespace temper
