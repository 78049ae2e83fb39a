#include "text/tokenizer.h"

#include "base/fail.h"
#include "text/tokenizer_data.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

TokenMap index_tokens(const TokenizerSpec& spec) {
  TokenMap ids;
  ids.reserve(spec.tokens.size());
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id]) ids.insert_or_assign(*spec.tokens[id], static_cast<int32_t>(id));
  }
  return ids;
}

/// Finds added tokens, normalizes, finds those that are matched in normalized text, and encodes what is left.
class TextEncoder {
 public:
  TextEncoder(const TokenizerData& data, std::vector<int32_t>& ids) : data_(data), ids_(ids) {}

  void encode(std::string_view text) {
    std::vector<AddedTokenMatcher::Part> parts;
    data_.raw_matcher.split(text, scratch_.regex, parts);
    for (const AddedTokenMatcher::Part& part : parts) {
      part.id ? ids_.push_back(*part.id) : encode_unnormalized(part.text);
    }
  }

 private:
  void encode_unnormalized(std::string_view text) {
    std::string normalized;
    if (!data_.normalizer.empty()) {
      normalized = data_.normalizer.apply(text, scratch_.regex);
      text = normalized;
    }
    if (data_.normalized_matcher.empty()) return encode_words(text);
    std::vector<AddedTokenMatcher::Part> parts;
    data_.normalized_matcher.split(text, scratch_.regex, parts);
    for (const AddedTokenMatcher::Part& part : parts) part.id ? ids_.push_back(*part.id) : encode_words(part.text);
  }

  void encode_words(std::string_view text) {
    if (text.empty()) return;
    scratch_.strings.clear();
    data_.pre_tokenizer.split(text, scratch_);
    for (const std::string_view word : scratch_.pieces) data_.bpe.encode(word, ids_);
  }

  const TokenizerData& data_;
  std::vector<int32_t>& ids_;
  EncodeScratch scratch_;
};

}  // namespace

TokenizerData::TokenizerData(TokenizerSpec spec_in, TokenRoles roles_in, std::string config_in, std::string_view where)
    : spec(std::move(spec_in)),
      roles(roles_in),
      config(std::move(config_in)),
      ids(index_tokens(spec)),
      special(spec.tokens.size()),
      normalizer(spec.normalizer, where),
      pre_tokenizer(spec.pre_tokenizer, where),
      bpe(spec, ids, pre_tokenizer.gives_bytes() ? Bpe::Input::bytes : Bpe::Input::text, where),
      decoder(spec.decoder, where) {
  RegexScratch scratch;
  for (const AddedToken& token : spec.added_tokens) {
    special[static_cast<size_t>(token.id)] = token.special;
    if (token.normalized) {
      std::string normalized = normalizer.apply(token.content, scratch);
      normalized_matcher.add(normalized, token);
      if (normalized != token.content) normalized_contents.emplace(token.id, std::move(normalized));
    } else {
      raw_matcher.add(token.content, token);
    }
  }
  raw_matcher.finish();
  normalized_matcher.finish();
}

std::optional<std::string_view> TokenizerData::decoder_token(int32_t id, bool skip_special) const {
  if (id < 0 || static_cast<size_t>(id) >= spec.tokens.size()) return std::nullopt;
  if (const auto normalized = normalized_contents.find(id); normalized != normalized_contents.end()) {
    return normalized->second;
  }
  if (skip_special && special[static_cast<size_t>(id)]) return std::nullopt;
  return spec.tokens[static_cast<size_t>(id)];
}

Tokenizer::Tokenizer(std::shared_ptr<const TokenizerData> data) : data_(std::move(data)) {}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3);
  std::string storage;
  TextEncoder(*data_, ids).encode(valid_utf8(text, storage));
  return ids;
}

std::vector<int32_t> Tokenizer::encode_with_special(std::string_view text) const {
  const TokenizerSpec& spec = data_->spec;
  std::vector<int32_t> ids = encode(text);
  ids.insert(ids.begin(), spec.prefix_ids.begin(), spec.prefix_ids.end());
  ids.insert(ids.end(), spec.suffix_ids.begin(), spec.suffix_ids.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string text;
  DecodeStream stream(data_->decoder);
  for (const int32_t id : ids) {
    if (const auto token = data_->decoder_token(id, skip_special)) stream.push(*token, text);
  }
  stream.flush(text);
  return text;
}

int64_t Tokenizer::vocab_size() const {
  return static_cast<int64_t>(data_->spec.tokens.size());
}

std::optional<int32_t> Tokenizer::id_of(std::string_view token) const {
  const auto found = data_->ids.find(token);
  return found == data_->ids.end() ? std::nullopt : std::optional(found->second);
}

std::string_view Tokenizer::token(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  const auto& token = data_->spec.tokens[static_cast<size_t>(id)];
  return token ? std::string_view(*token) : std::string_view();
}

std::string Tokenizer::bytes_of(int32_t id) const {
  RegexScratch scratch;
  return data_->decoder.bytes_of(token(id), scratch);
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && id < vocab_size() && data_->special[static_cast<size_t>(id)];
}

std::optional<int32_t> Tokenizer::bos() const {
  return data_->roles.bos;
}
std::optional<int32_t> Tokenizer::eos() const {
  return data_->roles.eos;
}
std::optional<int32_t> Tokenizer::pad() const {
  return data_->roles.pad;
}
std::optional<int32_t> Tokenizer::unk() const {
  return data_->roles.unk;
}
std::optional<int32_t> Tokenizer::eot() const {
  return data_->roles.eot;
}

}  // namespace temper::text
