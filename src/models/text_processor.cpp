#include "models/text_processor.h"

#include <array>

#include "base/fail.h"

namespace temper {
namespace {

std::optional<int32_t> narrow_id(const std::optional<int64_t>& id) {
  return id ? std::optional<int32_t>(static_cast<int32_t>(*id)) : std::nullopt;
}

}  // namespace

text::Tokenizer tokenizer_from_gguf(io::GgufVocab vocab, std::string_view where) {
  const text::GgufVocab of_text{.model = std::move(vocab.model),
                                .pre = std::move(vocab.pre),
                                .tokens = std::move(vocab.tokens),
                                .merges = std::move(vocab.merges),
                                .token_types = std::move(vocab.token_types),
                                .bos = narrow_id(vocab.bos),
                                .eos = narrow_id(vocab.eos),
                                .unk = narrow_id(vocab.unk),
                                .pad = narrow_id(vocab.pad),
                                .eot = narrow_id(vocab.eot),
                                .add_bos = vocab.add_bos,
                                .add_eos = vocab.add_eos};
  return text::Tokenizer::from_gguf(of_text, where);
}

text::Tokenizer load_tokenizer(const io::Checkpoint& checkpoint) {
  const io::TokenizerSource source = checkpoint.tokenizer();
  const std::string where = checkpoint.path().string();
  if (const auto* texts = std::get_if<io::TokenizerTexts>(&source))
    return text::Tokenizer::from_json(texts->tokenizer_json, texts->tokenizer_config_json, where + "/tokenizer.json");
  return tokenizer_from_gguf(std::get<io::GgufVocab>(source), where);
}

std::optional<text::ChatTemplate> load_chat_template(const io::Checkpoint& checkpoint) {
  std::optional<std::string> source = checkpoint.chat_template();
  if (!source) return std::nullopt;
  return text::ChatTemplate(std::move(*source), checkpoint.path().string() + ": chat template");
}

text::Rendered render_chat(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer,
                           const Conversation& conversation, bool add_generation_prompt) {
  text::ChatTemplateOptions options;
  options.tools = conversation.tools;
  options.add_generation_prompt = add_generation_prompt;
  if (const auto bos = tokenizer.bos()) options.bos_token = std::string(tokenizer.token(*bos));
  if (const auto eos = tokenizer.eos()) options.eos_token = std::string(tokenizer.token(*eos));
  return chat_template.render(conversation.messages, options);
}

TextProcessor::TextProcessor(io::Checkpoint checkpoint)
    : checkpoint_(std::move(checkpoint)),
      tokenizer_(load_tokenizer(checkpoint_)),
      template_(load_chat_template(checkpoint_)) {
  const auto add = [&](std::optional<int64_t> id) {
    if (id && *id >= 0) stop_tokens_.insert(static_cast<int32_t>(*id));
  };
  for (const int64_t id : checkpoint_.config().eos_token_ids) add(id);
  for (const int64_t id : checkpoint_.generation_config().eos_token_ids) add(id);
  if (const auto eos = tokenizer_.eos()) add(*eos);
  if (const auto eot = tokenizer_.eot()) add(*eot);
  // What the common templates write after a turn; a base model's configuration often names only the text's end.
  for (const std::string_view token :
       std::array<std::string_view, 4>{"<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>"})
    if (const auto id = tokenizer_.id_of(token); id && tokenizer_.is_special(*id)) add(*id);
}

const text::ChatTemplate& TextProcessor::chat_template() const {
  if (!template_)
    fail(ErrorCode::unsupported, "{}: the model has no chat template; give text or prompt rows, or use --raw",
         checkpoint_.path().string());
  return *template_;
}

text::Rendered TextProcessor::render(const Conversation& conversation, bool add_generation_prompt) const {
  return render_chat(chat_template(), tokenizer_, conversation, add_generation_prompt);
}

std::vector<int32_t> TextProcessor::encode_rendered(std::string_view text) const {
  std::vector<int32_t> ids = tokenizer_.encode(text);
  const auto bos = tokenizer_.bos();
  // Where BOS and EOS are one token, a template may well write it twice.
  if (bos && bos != tokenizer_.eos() && ids.size() >= 2 && ids[0] == *bos && ids[1] == *bos)
    fail(ErrorCode::format, "{}: the chat template writes the BOS token '{}' twice", checkpoint_.path().string(),
         tokenizer_.token(*bos));
  return ids;
}

std::optional<int32_t> TextProcessor::eos() const {
  if (const auto eos = tokenizer_.eos()) return eos;
  const auto& ids = checkpoint_.config().eos_token_ids;
  return ids.empty() ? std::nullopt : std::optional<int32_t>(static_cast<int32_t>(ids[0]));
}

}  // namespace temper
