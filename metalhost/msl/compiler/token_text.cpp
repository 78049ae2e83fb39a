#include "msl/compiler/token_text.h"

#include <algorithm>
#include <map>
#include <utility>

namespace metalhost::msl {

TokenText::TokenText(const std::string& preprocessed) : tokens_(tokenize(preprocessed)) {
  if (tokens_.empty()) tokens_.push_back({TokenKind::space, "\n", "program_source", 1, 1, "", ""});
}

Token& TokenText::operator[](std::size_t i) {
  if (i >= tokens_.size()) fail(i == kEnd ? 0 : tokens_.size() - 1, "the source ends in the middle of a declaration");
  return tokens_[i];
}

const std::string& TokenText::text(std::size_t i) const {
  static const std::string none;
  return i < tokens_.size() ? tokens_[i].text : none;
}

std::size_t TokenText::next(std::size_t i) const {
  if (i >= tokens_.size()) return tokens_.size();
  while (++i < tokens_.size() && !tokens_[i].is_code()) {
  }
  return i;
}

std::size_t TokenText::previous(std::size_t i) const {
  if (i > tokens_.size()) return kEnd;
  while (i-- > 0) {
    if (tokens_[i].is_code()) return i;
  }
  return kEnd;
}

std::size_t TokenText::closing(std::size_t i) {
  static const std::map<std::string, std::string> pairs = {{"(", ")"}, {"[", "]"}, {"{", "}"}, {"[[", "]]"}};
  std::vector<std::string> open;
  for (std::size_t j = i; j < tokens_.size(); j = next(j)) {
    if (auto pair = pairs.find(text(j)); pair != pairs.end()) {
      open.push_back(pair->second);
    } else if (is(j, "]]") && open.size() >= 2 && open.back() == "]" && open[open.size() - 2] == "]") {
      open.resize(open.size() - 2);  // a[b[i]]
      if (open.empty()) return j;
    } else if (!open.empty() && text(j) == open.back()) {
      open.pop_back();
      if (open.empty()) return j;
    }
  }
  fail(i, "'" + text(i) + "' is not closed");
}

std::string TokenText::joined(std::size_t from, std::size_t to) const {
  std::string out;
  for (std::size_t i = from; i < std::min(to, tokens_.size()); ++i) {
    if (tokens_[i].is_code()) out += (out.empty() ? "" : " ") + tokens_[i].text;
  }
  return out;
}

void TokenText::blank(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i <= to && i < tokens_.size(); ++i) {
    if (tokens_[i].is_code()) tokens_[i].rewrite(" ");
  }
}

void TokenText::complain(std::size_t i, std::string text) {
  complaints_.push_back({std::min(i, tokens_.size() - 1), std::move(text)});
}

void TokenText::fail(std::size_t i, std::string text) {
  complain(i, std::move(text));
  throw Stop();
}

}  // namespace metalhost::msl
