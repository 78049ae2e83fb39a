#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace temper::text {

/// What starts at a byte of a text that need not be UTF-8.
struct Utf8Unit {
  enum class Kind {
    character,  ///< a complete, well-formed sequence
    invalid,    ///< the longest prefix of one (or a stray byte): one U+FFFD replaces it
    truncated,  ///< well-formed as far as the text goes
  };
  Kind kind;
  size_t bytes;
};

/// Unicode 15, table 3-7 (well-formed byte sequences), with U+FFFD for maximal subparts as WHATWG and Rust do.
Utf8Unit utf8_unit(std::string_view text, size_t at);

/// `text` itself when it is valid UTF-8, else a copy in `storage` with U+FFFD for what isn't.
std::string_view valid_utf8(std::string_view text, std::string& storage);
bool is_valid_utf8(std::string_view text);

struct CodePoint {
  char32_t value;
  size_t bytes;
};

/// Of valid UTF-8: the character that starts at `at`, and the one that ends before `end` (end > 0).
CodePoint code_point_at(std::string_view text, size_t at);
CodePoint code_point_before(std::string_view text, size_t end);
void append_utf8(std::string& text, char32_t code_point);

/// Unicode's White_Space, which is also what Oniguruma and Rust call \s.
bool is_white_space(char32_t code_point);
/// General category N (Nd, Nl, No).
bool is_numeric(char32_t code_point);

/// Bytes to text, in pieces: what can't be decided yet, an unfinished character, is kept for the next push().
class Utf8Stream {
 public:
  void push(std::string_view bytes, std::string& text);
  /// One U+FFFD for an unfinished character.
  void flush(std::string& text);

 private:
  std::string pending_;
};

enum class NormalForm { nfc, nfd, nfkc, nfkd };

/// Of valid UTF-8, by utf8proc, but as of Unicode 9: characters newer than that have no normalization properties, as in
/// Hugging Face's tokenizers.
std::string normalize(std::string_view text, NormalForm form);
/// Full lower-case mapping, character by character (no final-sigma rule), as Rust's char::to_lowercase.
std::string lowercase(std::string_view text);

}  // namespace temper::text
