#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "base/fail.h"
#include "text/byte_level.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

// Up to this many symbols a scan for the best pair is faster than a heap.
constexpr size_t kScanLimit = 32;

}  // namespace

Bpe::Bpe(const TokenizerSpec& spec, const TokenMap& vocabulary, Input input, std::string_view where)
    : vocabulary_(vocabulary),
      added_only_(spec.tokens.size()),
      input_(input),
      fuse_unk_(spec.fuse_unk),
      ignore_merges_(spec.ignore_merges),
      merges_(spec.merges.size()),
      cache_(std::make_unique<WordCache>()) {
  for (const AddedToken& token : spec.added_tokens) {
    added_only_[static_cast<size_t>(token.id)] = !token.in_vocabulary;
  }
  if (spec.unk_token) {
    unk_ = find(*spec.unk_token);
    if (unk_ < 0) {
      fail(ErrorCode::format, "{}: unk_token '{}' isn't in the vocabulary", where, *spec.unk_token);
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    std::string character;
    append_utf8(character, byte_level_char(static_cast<uint8_t>(byte)));
    id_of_byte_[byte] = find(character);
    fallback_of_byte_[byte] = spec.byte_fallback ? find(fmt::format("<0x{:02X}>", byte)) : -1;
  }
  if (ignore_merges_ && input == Input::bytes) {
    for (const auto& [token, id] : vocabulary) {
      if (added_only_[static_cast<size_t>(id)]) continue;
      if (auto bytes = from_byte_level(token)) whole_words_.emplace(std::move(*bytes), id);
    }
  }
  int32_t rank = 0;
  std::string merged;
  for (const auto& [left, right] : spec.merges) {
    merged.assign(*spec.tokens[static_cast<size_t>(left)]).append(*spec.tokens[static_cast<size_t>(right)]);
    const int32_t id = find(merged);
    if (id < 0) {
      fail(ErrorCode::format, "{}: merge {} ('{}' and '{}') gives '{}', which isn't in the vocabulary", where, rank,
           *spec.tokens[static_cast<size_t>(left)], *spec.tokens[static_cast<size_t>(right)], merged);
    }
    merges_.set(left, right, {rank++, id});
  }
}

int32_t Bpe::find(std::string_view token) const {
  const auto found = vocabulary_.find(token);
  return found == vocabulary_.end() || added_only_[static_cast<size_t>(found->second)] ? -1 : found->second;
}

void Bpe::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (cache_->find(word, ids)) return;
  const size_t before = ids.size();
  encode_uncached(word, ids);
  cache_->insert(word, std::span(ids).subspan(before));
}

void Bpe::encode_uncached(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.empty()) return;
  std::vector<int32_t> symbols;
  if (input_ == Input::bytes) {
    if (ignore_merges_) {
      if (const auto found = whole_words_.find(std::string(word)); found != whole_words_.end()) {
        ids.push_back(found->second);
        return;
      }
    }
    symbols.reserve(word.size());
    for (const char c : word) symbols.push_back(id_of_byte_[static_cast<uint8_t>(c)]);
    if (std::find(symbols.begin(), symbols.end(), -1) != symbols.end()) {
      symbols.clear();
      first_symbols(to_byte_level(word), symbols);
    }
  } else {
    if (ignore_merges_) {
      if (const int32_t id = find(word); id >= 0) {
        ids.push_back(id);
        return;
      }
    }
    first_symbols(word, symbols);
  }
  symbols.size() <= kScanLimit ? merge_by_scan(symbols) : merge_by_queue(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

/// One symbol a character. A character that isn't in the vocabulary becomes its bytes' tokens, or the unknown token
/// (one for a run of them with fuse_unk), or nothing.
void Bpe::first_symbols(std::string_view text, std::vector<int32_t>& symbols) const {
  bool unknown_pending = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view character = text.substr(at, code_point_at(text, at).bytes);
    at += character.size();
    if (const int32_t id = find(character); id >= 0) {
      if (unknown_pending) symbols.push_back(unk_);
      unknown_pending = false;
      symbols.push_back(id);
    } else if (!push_byte_tokens(character, symbols) && unk_ >= 0) {
      if (unknown_pending && !fuse_unk_) symbols.push_back(unk_);
      unknown_pending = true;
    }
  }
  if (unknown_pending) symbols.push_back(unk_);
}

bool Bpe::push_byte_tokens(std::string_view character, std::vector<int32_t>& symbols) const {
  const auto token_of = [this](char byte) { return fallback_of_byte_[static_cast<uint8_t>(byte)]; };
  if (!std::all_of(character.begin(), character.end(), [&](char byte) { return token_of(byte) >= 0; })) return false;
  for (const char byte : character) symbols.push_back(token_of(byte));
  return true;
}

void Bpe::merge_by_scan(std::vector<int32_t>& symbols) const {
  std::array<Merge, kScanLimit> pairs{};  // pairs[i] merges symbols i and i + 1
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = merges_.find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = count;
    for (size_t i = 0; i + 1 < count; ++i) {
      if (pairs[i].rank >= 0 && (best == count || pairs[i].rank < pairs[best].rank)) best = i;
    }
    if (best == count) break;
    symbols[best] = pairs[best].id;
    for (size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      pairs[i] = pairs[i + 1];
    }
    --count;
    if (best > 0) pairs[best - 1] = merges_.find(symbols[best - 1], symbols[best]);
    if (best + 1 < count) pairs[best] = merges_.find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

void Bpe::merge_by_queue(std::vector<int32_t>& symbols) const {
  constexpr size_t kNone = static_cast<size_t>(-1);
  struct Candidate {
    int32_t rank;
    size_t at;
    int32_t left, right, merged;  // stale when the symbols at `at` and after it are no longer these
    bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  const size_t count = symbols.size();
  std::vector<size_t> previous(count), next(count);
  std::priority_queue<Candidate> queue;
  const auto propose = [&](size_t left, size_t right) {
    const Merge merge = merges_.find(symbols[left], symbols[right]);
    if (merge.rank >= 0) queue.push({merge.rank, left, symbols[left], symbols[right], merge.id});
  };
  for (size_t i = 0; i < count; ++i) {
    previous[i] = i == 0 ? kNone : i - 1;
    next[i] = i + 1 == count ? kNone : i + 1;
    if (i > 0) propose(i - 1, i);
  }
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const size_t right = next[best.at];
    if (symbols[best.at] != best.left || right == kNone || symbols[right] != best.right) continue;
    symbols[best.at] = best.merged;
    symbols[right] = -1;
    next[best.at] = next[right];
    if (next[right] != kNone) {
      previous[next[right]] = best.at;
      propose(best.at, next[right]);
    }
    if (previous[best.at] != kNone) propose(previous[best.at], best.at);
  }
  std::erase(symbols, -1);
}

}  // namespace temper::text
