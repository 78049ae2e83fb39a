#include "text/decoder.h"

#include <cctype>
#include <utility>

#include "base/fail.h"
#include "text/byte_level.h"

namespace temper::text {
namespace {

constexpr size_t kMaxTokenBytes = 1 << 20;  // after replacements

/// The byte of a token like "<0x0A>".
std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char digit : token.substr(3, 2)) {
    if (!std::isxdigit(static_cast<uint8_t>(digit))) return std::nullopt;
    const int lower = std::tolower(static_cast<uint8_t>(digit));
    value = value * 16 + static_cast<unsigned>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
  }
  return static_cast<char>(value);
}

std::string_view strip_token(std::string_view token, char32_t content, int start, int stop) {
  for (int i = 0; i < start && !token.empty(); ++i) {
    const CodePoint c = code_point_at(token, 0);
    if (c.value != content) break;
    token.remove_prefix(c.bytes);
  }
  for (int i = 0; i < stop && !token.empty(); ++i) {
    const CodePoint c = code_point_before(token, token.size());
    if (c.value != content) break;
    token.remove_suffix(c.bytes);
  }
  return token;
}

std::string bytes_or_self(std::string_view token) {
  if (auto bytes = from_byte_level(token)) return std::move(*bytes);
  return std::string(token);  // a token with a character outside the alphabet stands for itself, as a whole
}

}  // namespace

Decoder::Decoder(const std::optional<std::vector<DecoderStep>>& steps, std::string_view where) {
  using Kind = DecoderStep::Kind;
  if (!steps) return;
  join_ = Join::plain;
  bool joined = false, falls_back = false;
  for (const DecoderStep& step : *steps) {
    if (step.kind == Kind::byte_level || step.kind == Kind::fuse) {
      // A second join is the first one's no-op only for Fuse.
      if (joined && step.kind == Kind::byte_level) {
        fail(ErrorCode::unsupported, "{}: decoder: ByteLevel after a decoder that joins tokens isn't supported", where);
      }
      if (step.kind == Kind::byte_level) join_ = Join::byte_level;
      joined = true;
      continue;
    }
    const bool is_strip = step.kind == Kind::strip;
    const Strip strip = is_strip ? Strip{code_point_at(step.content, 0).value, step.start, step.stop} : Strip{};
    if (joined) {
      if (!is_strip || final_strip_) {
        fail(ErrorCode::unsupported,
             "{}: decoder: after Fuse or ByteLevel only one Strip is supported, not Replace, ByteFallback or a second "
             "Strip",
             where);
      }
      final_strip_ = strip;
      continue;
    }
    if (step.kind == Kind::byte_fallback && std::exchange(falls_back, true)) {
      fail(ErrorCode::unsupported, "{}: decoder: a second ByteFallback isn't supported", where);
    }
    Step compiled{step.kind, std::nullopt, strip};
    if (step.kind == Kind::replace) compiled.replacer.emplace(step.pattern, step.is_regex, step.content, where);
    token_steps_.push_back(std::move(compiled));
  }
}

std::string Decoder::bytes_of(std::string_view token, RegexScratch& scratch) const {
  std::string current(token);
  for (const Step& step : token_steps_) {
    if (step.kind == DecoderStep::Kind::byte_fallback) {
      if (const auto byte = fallback_byte(current)) return std::string(1, *byte);
    } else if (step.kind == DecoderStep::Kind::replace) {
      current = step.replacer->apply(current, kMaxTokenBytes, scratch);
    }
  }
  return join_ == Join::byte_level ? bytes_or_self(current) : current;
}

void DecodeStream::push(std::string_view token, std::string& text) {
  step(0, token, text);
}

void DecodeStream::step(size_t index, std::string_view token, std::string& text) {
  if (index == decoder_.token_steps_.size()) return join(token, text);
  const Decoder::Step& current = decoder_.token_steps_[index];
  if (current.kind == DecoderStep::Kind::replace) {
    return step(index + 1, current.replacer->apply(token, kMaxTokenBytes, scratch_), text);
  }
  if (current.kind == DecoderStep::Kind::strip) {
    const Decoder::Strip& strip = current.strip;
    return step(index + 1, strip_token(token, strip.content, strip.start, strip.stop), text);
  }
  if (const auto byte = fallback_byte(token)) {
    fallback_bytes_.push_back(*byte);
    return;
  }
  fallback_bytes_done(index, text);
  step(index + 1, token, text);
}

/// A run of byte tokens is text when all of it is UTF-8, otherwise each of its bytes is U+FFFD; so nothing of a run is
/// certain before its end.
void DecodeStream::fallback_bytes_done(size_t index, std::string& text) {
  if (fallback_bytes_.empty()) return;
  const std::string bytes = std::move(fallback_bytes_);
  fallback_bytes_.clear();
  if (is_valid_utf8(bytes)) return step(index + 1, bytes, text);
  for (size_t i = 0; i < bytes.size(); ++i) step(index + 1, "\xEF\xBF\xBD", text);
}

void DecodeStream::join(std::string_view token, std::string& text) {
  if (decoder_.join_ == Decoder::Join::byte_level) {
    std::string joined;
    utf8_.push(bytes_or_self(token), joined);
    return emit(joined, text);
  }
  if (decoder_.join_ == Decoder::Join::with_spaces && !first_token_) emit(" ", text);
  first_token_ = false;
  emit(token, text);
}

void DecodeStream::emit(std::string_view joined, std::string& text) {
  if (!decoder_.final_strip_) {
    text += joined;
    return;
  }
  const auto [content, start, stop] = *decoder_.final_strip_;
  for (size_t at = 0; at < joined.size();) {
    const CodePoint c = code_point_at(joined, at);
    at += c.bytes;
    if (c.value == content && !start_over_ && stripped_ < start) {
      ++stripped_;
      continue;
    }
    start_over_ = true;
    if (c.value == content) {
      ++held_;
      if (held_ <= stop) continue;
      --held_;  // the oldest of more than `stop` stays in any case
      append_utf8(text, content);
      continue;
    }
    for (; held_ > 0; --held_) append_utf8(text, content);
    append_utf8(text, c.value);
  }
}

void DecodeStream::flush(std::string& text) {
  for (size_t i = 0; i < decoder_.token_steps_.size(); ++i) {
    if (decoder_.token_steps_[i].kind == DecoderStep::Kind::byte_fallback) fallback_bytes_done(i, text);
  }
  std::string rest;
  utf8_.flush(rest);
  emit(rest, text);
  first_token_ = true;
  stripped_ = held_ = 0;
  start_over_ = false;
}

}  // namespace temper::text
