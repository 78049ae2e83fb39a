#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "text/tokenizer.h"

namespace temper::text {

/// Decodes a token stream as it is generated: each push() returns the text that is certain by then and never ends
/// within a UTF-8 character; all returned text, flush() included, concatenates to Tokenizer::decode() of the ids.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = false);
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;
  ~StreamDecoder();

  std::string push(int32_t id);
  /// What was held back, an incomplete character as U+FFFD; afterwards the decoder starts afresh.
  std::string flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper::text
