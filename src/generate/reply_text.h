#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace temper {

/// Turns the tokens of one reply into text that may be shown: holds back what could still become a stop string.
class ReplyText {
 public:
  ReplyText(const text::Tokenizer& tokenizer, std::vector<std::string> stop_strings)
      : decoder_(tokenizer, true), stop_strings_(std::move(stop_strings)) {}

  /// Text that became certain with this token.
  std::string push(int32_t id);
  /// What was held back, at the end of a reply that no stop string ended.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::string release(const std::string& text, bool last);

  text::StreamDecoder decoder_;
  std::vector<std::string> stop_strings_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace temper
