#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "io/checkpoint.h"
#include "models/conversation.h"
#include "text/jinja/chat_template.h"
#include "text/tokenizer.h"

namespace temper {

/// What turns text into a model's tokens: its checkpoint's configuration, tokenizer and chat template, without its
/// weights. Immutable; may be shared between threads.
class TextProcessor {
 public:
  /// Throws what load_tokenizer and ChatTemplate throw.
  explicit TextProcessor(io::Checkpoint checkpoint);
  /// A Hugging Face folder or a GGUF file; also throws what Checkpoint::open throws.
  static TextProcessor open(const std::filesystem::path& path) { return TextProcessor(io::Checkpoint::open(path)); }

  const io::Checkpoint& checkpoint() const { return checkpoint_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  bool has_chat_template() const { return template_.has_value(); }
  /// Throws Error{unsupported} for a model without one.
  const text::ChatTemplate& chat_template() const;

  /// Renders a conversation with the model's template and its own special tokens.
  text::Rendered render(const Conversation& conversation, bool add_generation_prompt) const;
  /// Token ids of rendered text: nothing is added, since templates write their own special tokens. Throws
  /// Error{format} when the text begins with two BOS tokens.
  std::vector<int32_t> encode_rendered(std::string_view text) const;

  /// Tokens that end a reply: the model's EOS tokens and the end of a turn.
  const std::set<int32_t>& stop_tokens() const { return stop_tokens_; }
  /// The token written after a text that ends, if the model has one.
  std::optional<int32_t> eos() const;

 private:
  io::Checkpoint checkpoint_;
  text::Tokenizer tokenizer_;
  std::optional<text::ChatTemplate> template_;
  std::set<int32_t> stop_tokens_;
};

/// The tokenizer of a checkpoint, whatever form it is stored in.
text::Tokenizer load_tokenizer(const io::Checkpoint& checkpoint);
/// The tokenizer that a GGUF file carries.
text::Tokenizer tokenizer_from_gguf(io::GgufVocab vocab, std::string_view where);
/// Its chat template, if it has one.
std::optional<text::ChatTemplate> load_chat_template(const io::Checkpoint& checkpoint);
/// Renders with the tokenizer's BOS and EOS.
text::Rendered render_chat(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer,
                           const Conversation& conversation, bool add_generation_prompt);

}  // namespace temper
