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
  std::string text;
  const auto token = state_->tokenizer.data_->decoder_token(id, state_->skip_special);
  if (token) state_->stream.push(*token, text);
  return text;
}

std::string StreamDecoder::flush() {
  std::string text;
  state_->stream.flush(text);
  return text;
}

}  // namespace temper::text
