#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/gguf_vocab.h"
#include "io/model_config.h"
#include "io/stored_tensor.h"

namespace temper::io {

/// The tokenizer files of a Hugging Face folder, as text.
struct TokenizerTexts {
  std::string tokenizer_json;
  std::string tokenizer_config_json;  ///< empty when the folder has none
};
using TokenizerSource = std::variant<TokenizerTexts, GgufVocab>;

/// A model on disk, whatever its format: a Hugging Face folder or a GGUF file. Tensor names and layouts are always
/// Hugging Face's. Immutable; may be shared between threads; copies share the mapped files.
class Checkpoint {
 public:
  struct OpenOptions {
    bool needs_tokenizer = true;  ///< a folder without tokenizer.json is refused
  };

  /// Throws Error{not_found} listing every file that a folder lacks; otherwise as SafetensorsSet, GgufFile,
  /// config_from_json and config_from_gguf.
  static Checkpoint open(const std::filesystem::path& path, OpenOptions options);
  static Checkpoint open(const std::filesystem::path& path) { return open(path, OpenOptions{}); }

  const std::filesystem::path& path() const;
  bool is_gguf() const;
  const ModelConfig& config() const;
  const GenerationConfig& generation_config() const;

  /// Every weight's Hugging Face name: "model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", ...
  const std::vector<std::string>& names() const;
  bool has(std::string_view name) const;
  /// A weight by its Hugging Face name: a view of the mapped file, except that q and k projections of a GGUF file are
  /// copied with their rows un-permuted into Hugging Face's order (blocks stay whole). Error{not_found} when absent.
  StoredTensor tensor(std::string_view name) const;

  /// Lets go of the mapped weights' pages, once they have been loaded; reading a tensor again is only slower.
  void release_pages() const;

  /// Throws Error{not_found} when the checkpoint has no tokenizer.
  TokenizerSource tokenizer() const;
  /// The Jinja text of the (default) chat template.
  std::optional<std::string> chat_template() const;

 private:
  struct Impl;
  explicit Checkpoint(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace temper::io
