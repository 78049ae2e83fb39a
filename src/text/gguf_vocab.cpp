#include <unordered_map>

#include "base/fail.h"
#include "text/gguf_pre_tokenizers.h"
#include "text/tokenizer.h"
#include "text/tokenizer_data.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

constexpr int32_t kUnknownToken = 2, kControlToken = 3, kUserDefinedToken = 4;

/// Turns a GGUF vocabulary into what the tokenizer.json of the same model says.
class GgufVocabReader {
 public:
  GgufVocabReader(const GgufVocab& vocab, std::string_view where) : vocab_(vocab), where_(where) {}

  TokenizerSpec read() {
    if (vocab_.model != "gpt2") {
      fail(ErrorCode::unsupported, "{}: tokenizer.ggml.model '{}' isn't supported; known is gpt2 (byte-level BPE)",
           where_, vocab_.model);
    }
    GgufPreTokenizer pre = gguf_pre_tokenizer(vocab_.pre, where_);
    spec_.normalizer = std::move(pre.normalizer);
    spec_.pre_tokenizer = std::move(pre.steps);
    spec_.ignore_merges = pre.ignore_merges;
    spec_.decoder = {{.kind = DecoderStep::Kind::byte_level}};
    read_tokens();
    read_merges();
    for (const auto& id : {vocab_.bos, vocab_.eos, vocab_.unk, vocab_.pad, vocab_.eot}) check_role(id);
    if (vocab_.add_bos.value_or(pre.add_bos)) spec_.prefix_ids.push_back(role("bos", vocab_.bos));
    if (vocab_.add_eos.value_or(false)) spec_.suffix_ids.push_back(role("eos", vocab_.eos));
    return std::move(spec_);
  }

 private:
  void read_tokens() {
    const std::vector<int32_t>& types = vocab_.token_types;
    if (!types.empty() && types.size() != vocab_.tokens.size()) {
      fail(ErrorCode::format, "{}: {} tokens but {} token types", where_, vocab_.tokens.size(), types.size());
    }
    if (vocab_.tokens.empty()) fail(ErrorCode::format, "{}: the vocabulary is empty", where_);
    ids_.reserve(vocab_.tokens.size());
    spec_.tokens.reserve(vocab_.tokens.size());
    for (size_t i = 0; i < vocab_.tokens.size(); ++i) {
      const std::string& token = vocab_.tokens[i];
      const auto id = static_cast<int32_t>(i);
      if (!is_valid_utf8(token)) fail(ErrorCode::format, "{}: token {} isn't UTF-8", where_, id);
      const auto [other, is_new] = ids_.emplace(token, id);
      if (!is_new) fail(ErrorCode::format, "{}: tokens {} and {} are both '{}'", where_, other->second, id, token);
      spec_.tokens.emplace_back(token);
      const int32_t type = types.empty() ? 1 : types[i];
      if ((type == kControlToken || type == kUserDefinedToken || type == kUnknownToken) && !token.empty()) {
        spec_.added_tokens.push_back({.id = id, .content = token, .special = type != kUserDefinedToken});
      }
    }
  }

  void read_merges() {
    spec_.merges.reserve(vocab_.merges.size());
    for (size_t i = 0; i < vocab_.merges.size(); ++i) {
      const std::string_view merge = vocab_.merges[i];
      const size_t space = merge.find(' ', 1);  // a token may be a single space, never have one inside
      if (space == merge.npos) {
        fail(ErrorCode::format, "{}: merge {} is '{}'; two tokens with a space between are needed", where_, i, merge);
      }
      spec_.merges.emplace_back(merge_token(i, merge.substr(0, space)), merge_token(i, merge.substr(space + 1)));
    }
  }

  int32_t merge_token(size_t merge, std::string_view token) const {
    const auto found = ids_.find(token);
    if (found == ids_.end()) {
      fail(ErrorCode::format, "{}: merge {}: token '{}' isn't in the vocabulary", where_, merge, token);
    }
    return found->second;
  }

  void check_role(std::optional<int32_t> id) const {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= vocab_.tokens.size())) {
      fail(ErrorCode::format, "{}: special token id {} lies outside the vocabulary of {} tokens", where_, *id,
           vocab_.tokens.size());
    }
  }

  int32_t role(std::string_view name, std::optional<int32_t> id) const {
    if (!id) fail(ErrorCode::format, "{}: add_{}_token is set without a {} token", where_, name, name);
    return *id;
  }

  const GgufVocab& vocab_;
  std::string_view where_;
  TokenizerSpec spec_;
  std::unordered_map<std::string_view, int32_t> ids_;
};

}  // namespace

Tokenizer Tokenizer::from_gguf(const GgufVocab& vocab, std::string_view where) {
  TokenizerSpec spec = GgufVocabReader(vocab, where).read();
  const TokenRoles roles{.bos = vocab.bos, .eos = vocab.eos, .unk = vocab.unk, .pad = vocab.pad, .eot = vocab.eot};
  return Tokenizer(std::make_shared<TokenizerData>(std::move(spec), roles, "", where));
}

}  // namespace temper::text
