#include "text/stream_decoder.h"

#include "text/tokenizer_data.h"

namespace temper::text {

struct StreamDecoder::State {
  Tokenizer tokenizer;  // keeps the decoder alive
  bool skip_special;
  DecodeStream stream;
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : state_(new State{tokenizer, skip_special, DecodeStream(tokenizer.data_->decoder)}) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

std::string StreamDecoder::push(int32_t id) {
  const Tokenizer& tokenizer = state_->tokenizer;
  std::string text;
  const bool known = id >= 0 && id < tokenizer.vocab_size() && tokenizer.data_->spec.tokens[static_cast<size_t>(id)];
  if (known && !(state_->skip_special && tokenizer.is_special(id))) state_->stream.push(tokenizer.token(id), text);
  return text;
}

std::string StreamDecoder::flush() {
  std::string text;
  state_->stream.flush(text);
  return text;
}

}  // namespace temper::text
