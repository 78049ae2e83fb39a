// Text survives a byte-level tokenizer, in one piece and as a stream.
#include "base/file.h"
#include "support/property.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

using temper::testing::expect_property;
using temper::testing::pick;

/// Valid UTF-8 with much of what tokenizers treat apart: spaces, digits, contractions, emoji, combining marks, NULs.
std::string some_text() {
  std::string text;
  for (int i = pick(0, 40); i > 0; --i) switch (pick(0, 6)) {
      case 0:
        text.append(static_cast<size_t>(pick(1, 5)), ' ');
        break;
      case 1:
        text +=
            *rc::gen::element<std::string>("don't", "we'LL", "\r\n", "\n\n", "\t", "<|im_start|>", "<|", "é", "e\u0301",
                                           "👩‍👩‍👧", "🇩🇪", "1234567", "x = {y: [0]}", "\u00a0", "\u3000");
        break;
      case 2:
        append_utf8(text, static_cast<char32_t>(pick(0, 0xd7ff)));
        break;
      case 3:
        append_utf8(text, static_cast<char32_t>(pick(0xe000, 0x10ffff)));
        break;
      default:
        text += static_cast<char>(pick(0, 0x7f));
    }
  return text;
}

Tokenizer tokenizer_of(const std::string& file) {
  return Tokenizer::from_json(read_file(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/data/tokenizer/" + file), "",
                              file);
}

TEST(TokenizerProperty, DecodingUndoesEncoding) {
  for (const char* file : {"gpt2.tokenizer.json", "llama3.tokenizer.json"}) {
    const Tokenizer tokenizer = tokenizer_of(file);
    expect_property([&] {
      const std::string text = some_text();
      RC_ASSERT(tokenizer.decode(tokenizer.encode(text)) == text);
    });
  }
}

TEST(TokenizerProperty, AStreamOfAnyIdsEqualsDecodingThemAtOnceAndNeverSplitsACharacter) {
  for (const char* file : {"gpt2.tokenizer.json", "llama3.tokenizer.json", "gemma.tokenizer.json"}) {
    const Tokenizer tokenizer = tokenizer_of(file);
    expect_property([&] {
      std::vector<int32_t> ids = tokenizer.encode(some_text());
      for (int i = pick(0, 8); i > 0; --i)
        ids.insert(ids.begin() + pick<std::ptrdiff_t>(0, std::ssize(ids)),
                   pick<int32_t>(0, static_cast<int32_t>(tokenizer.vocab_size()) - 1));
      StreamDecoder stream(tokenizer);
      std::string text;
      for (const int32_t id : ids) {
        const std::string piece = stream.push(id);
        RC_ASSERT(is_valid_utf8(piece));
        text += piece;
      }
      text += stream.flush();
      RC_ASSERT(text == tokenizer.decode(ids));
    });
  }
}

}  // namespace
}  // namespace temper::text
