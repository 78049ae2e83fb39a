#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalizer.h"
#include "text/tokenizer_spec.h"
#include "text/unicode.h"

namespace temper::text {

/// The decoder of a tokenizer.json, compiled: steps on single tokens, then one that joins them, then perhaps one that
/// strips the joined text. That order lets text stream out while tokens come in. Immutable.
class Decoder {
 public:
  /// Throws Error{unsupported} for steps in another order.
  Decoder(const std::optional<std::vector<DecoderStep>>& steps, std::string_view where);

  /// The bytes that one token stands for.
  std::string bytes_of(std::string_view token, RegexScratch& scratch) const;

 private:
  friend class DecodeStream;
  enum class Join { with_spaces, plain, byte_level };
  struct Strip {
    char32_t content;
    int start, stop;
  };
  struct Step {
    DecoderStep::Kind kind;
    std::optional<Replacer> replacer;
    Strip strip{};
  };
  std::vector<Step> token_steps_;
  Join join_ = Join::with_spaces;
  std::optional<Strip> final_strip_;
};

/// One text being decoded. Text is appended as soon as it is certain, whole characters only.
class DecodeStream {
 public:
  explicit DecodeStream(const Decoder& decoder) : decoder_(decoder) {}

  void push(std::string_view token, std::string& text);
  /// Appends what was held back and starts afresh.
  void flush(std::string& text);

 private:
  void step(size_t index, std::string_view token, std::string& text);
  void fallback_bytes_done(size_t index, std::string& text);
  void join(std::string_view token, std::string& text);
  void emit(std::string_view joined, std::string& text);

  const Decoder& decoder_;
  RegexScratch scratch_;
  bool first_token_ = true;
  std::string fallback_bytes_;  // of the byte tokens that came last
  Utf8Stream utf8_;
  int stripped_ = 0;         // characters that the final strip took from the start
  bool start_over_ = false;  // a character that the strip keeps was met
  int held_ = 0;             // characters at the end that the strip may take
};

}  // namespace temper::text
