// Preprocessed Metal source as tokens that are looked over, rewritten and complained about by their index.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "msl/compiler/tokens.h"

namespace metalhost::msl {

struct Complaint {
  std::size_t token;
  std::string text;
};

class TokenText {
 public:
  static constexpr std::size_t kEnd = static_cast<std::size_t>(-1);
  // What was complained about leaves the rest of the text without meaning.
  struct Stop {};

  explicit TokenText(const std::string& preprocessed);

  std::size_t size() const { return tokens_.size(); }
  // Stop where the text ends before it.
  Token& operator[](std::size_t i);
  // An index past the end is one of no token: it is nothing, and has no text.
  bool is(std::size_t i, const char* text) const { return i < tokens_.size() && tokens_[i].text == text; }
  bool is_kind(std::size_t i, TokenKind kind) const { return i < tokens_.size() && tokens_[i].kind == kind; }
  const std::string& text(std::size_t i) const;
  // The code before and behind; kEnd, size(): there is none.
  std::size_t next(std::size_t i) const;
  std::size_t previous(std::size_t i) const;
  // The bracket that closes the one at i.
  std::size_t closing(std::size_t i);
  std::string joined(std::size_t from, std::size_t to) const;
  void blank(std::size_t from, std::size_t to);  // and what lies between

  void complain(std::size_t i, std::string text);
  [[noreturn]] void fail(std::size_t i, std::string text);

  std::vector<Token> take_tokens() { return std::move(tokens_); }
  std::vector<Complaint> take_complaints() { return std::move(complaints_); }

 private:
  std::vector<Token> tokens_;  // one at least
  std::vector<Complaint> complaints_;
};

}  // namespace metalhost::msl
