#include "mutation/mutations.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace temper::mutation {
namespace {

enum class Kind { word, number, symbol };

struct Token {
  Kind kind;
  std::string_view text;
  size_t offset;
  int line;
  bool space_before = false;
  size_t end() const { return offset + text.size(); }
  bool is(std::string_view other) const { return text == other; }
};

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

constexpr std::array<std::string_view, 22> kLongSymbols = {
    "<<=", ">>=", "->", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=",  "^=",  "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", "::"};

/// Words, numbers and symbols; comments, strings and preprocessor lines are left out.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> tokens() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      ++at_;
      begins_line_ = true;
      space_ = true;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      ++at_;
      space_ = true;
    } else if (c == '#' && begins_line_) {
      skip_directive();
    } else if (starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (starts_with("/*")) {
      skip_to("*/");
    } else if (c == '"') {
      skip_string();
    } else {
      add();
    }
  }

  bool starts_with(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }

  void skip_directive() {
    while (at_ < text_.size() && text_[at_] != '\n')
      at_ += text_[at_] == '\\' && at_ + 1 < text_.size() ? advance_pair() : 1;
  }
  /// A backslash and what follows, which may be the end of the line.
  size_t advance_pair() {
    if (text_[at_ + 1] == '\n') ++line_;
    return 2;
  }
  void skip_to(std::string_view end) {
    const size_t found = std::min(text_.find(end, at_), text_.size() - end.size());
    line_ += static_cast<int>(std::ranges::count(text_.substr(at_, found - at_), '\n'));
    at_ = found + end.size();
    space_ = true;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  void add() {
    size_t length = 1;
    Kind kind = Kind::symbol;
    if (is_word_character(text_[at_])) {
      kind = std::isdigit(static_cast<unsigned char>(text_[at_])) ? Kind::number : Kind::word;
      const auto goes_on = [&](char c) { return is_word_character(c) || (kind == Kind::number && c == '.'); };
      while (at_ + length < text_.size() && goes_on(text_[at_ + length])) ++length;
    } else {
      for (const std::string_view symbol : kLongSymbols)
        if (starts_with(symbol)) {
          length = symbol.size();
          break;
        }
    }
    tokens_.push_back({kind, text_.substr(at_, length), at_, line_, space_});
    at_ += length;
    begins_line_ = space_ = false;
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  bool begins_line_ = true;
  bool space_ = true;
  std::vector<Token> tokens_;
};

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text), tokens_(Lexer(text).tokens()) {}

  std::vector<Mutation> find() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      if (is_attribute()) {
        skip_attribute();
        continue;
      }
      barrier();
      index();
      bound();
      operand();
      accumulation();
    }
    return std::move(found_);
  }

 private:
  const Token& token(size_t i) const {
    static const Token nothing{Kind::symbol, "", 0, 0, false};
    return i < tokens_.size() ? tokens_[i] : nothing;
  }
  const Token& here() const { return token(at_); }
  const Token& previous() const { return at_ > 0 ? tokens_[at_ - 1] : token(tokens_.size()); }
  const Token& next() const { return token(at_ + 1); }

  void add(Operator op, size_t begin, size_t end, std::string replacement) {
    found_.push_back({op, begin, end - begin, std::move(replacement), here().line});
  }

  /// The token that closes the bracket at `open`.
  size_t closing(size_t open) const {
    int depth = 0;
    for (size_t i = open; i < tokens_.size(); ++i) {
      if (token(i).is("(") || token(i).is("[") || token(i).is("{")) ++depth;
      if (token(i).is(")") || token(i).is("]") || token(i).is("}")) --depth;
      if (depth == 0) return i;
    }
    return tokens_.size();
  }

  bool is_attribute() const { return here().is("[") && next().is("[") && next().offset == here().end(); }
  void skip_attribute() { at_ = closing(at_); }

  /// Written with spaces around, as clang-format leaves binary operators and nothing else.
  bool is_binary() const {
    return here().space_before && next().space_before && !previous().is("template") && !previous().is("operator") &&
           (previous().kind != Kind::symbol || previous().is(")") || previous().is("]"));
  }

  void barrier() {
    if (!here().is("threadgroup_barrier") && !here().is("simdgroup_barrier")) return;
    if (next().is("(")) add(Operator::drop_barrier, here().offset, token(closing(at_ + 1)).end(), "");
  }

  /// `T name[n]`, `threadgroup T name[n]`: what stands before the name is part of a type.
  bool declares_array() const {
    if (at_ < 2 || previous().kind != Kind::word) return false;
    const Token& before = tokens_[at_ - 2];
    return (before.kind == Kind::word && !before.is("return") && !before.is("else")) || before.is(">");
  }

  void index() {
    if (!here().is("[") || (previous().kind != Kind::word && !previous().is("]") && !previous().is(")"))) return;
    if (declares_array()) return;
    const size_t close = closing(at_);
    const std::string inner(text_.substr(here().end(), token(close).offset - here().end()));
    for (const char* shift : {" + 1", " - 1"})
      add(Operator::shift_index, here().end(), token(close).offset, "(" + inner + ")" + shift);
  }

  void bound() {
    if (!is_binary()) return;
    const std::string_view op = here().text;
    if (op != "<" && op != ">" && op != "<=" && op != ">=") return;
    const std::string flipped = op.size() == 1 ? std::string(op) + "=" : std::string(op.substr(0, 1));
    add(Operator::change_bound, here().offset, here().end(), flipped);
    add(Operator::change_bound, here().offset, here().end(), "+ 1 " + std::string(op));
  }

  /// The start of a name with members and calls' results left out: p.columns, at.index, 2.0f; nothing else.
  size_t simple_before() const {
    size_t begin = at_ - 1;
    if (token(begin).kind == Kind::symbol) return at_;
    while (begin >= 2 && (token(begin - 1).is(".") || token(begin - 1).is("->"))) begin -= 2;
    return begin;
  }
  size_t simple_after() const {
    size_t end = at_ + 1;
    if (token(end).kind == Kind::symbol) return at_;
    while (token(end + 1).is(".") || token(end + 1).is("->")) end += 2;
    return token(end + 1).is("(") || token(end + 1).is("[") || token(end + 1).is("<") ? at_ : end;
  }

  void operand() {
    if (!is_binary()) return;
    const std::string_view op = here().text;
    if (op == "+") return add(Operator::swap_operand, here().offset, here().end(), "-");
    if (op == "*") return add(Operator::swap_operand, here().offset, here().end(), "+");
    if (op != "-" && op != "/" && op != "%") return;
    const size_t first = simple_before(), last = simple_after();
    if (first == at_ || last == at_)
      return add(Operator::swap_operand, here().offset, here().end(), op == "-" ? "+" : "*");
    const std::string left(text_.substr(token(first).offset, previous().end() - token(first).offset));
    const std::string right(text_.substr(next().offset, token(last).end() - next().offset));
    add(Operator::swap_operand, token(first).offset, token(last).end(), right + " " + std::string(op) + " " + left);
  }

  void accumulation() {
    const std::string_view op = here().text;
    if (op == "+=" || op == "-=" || op == "*=" || op == "|=") {
      const bool steps_a_loop = in_loop_header();
      if (!steps_a_loop) add(Operator::drop_accumulation, here().offset, here().end(), "=");
      return;
    }
    // name = f(name, rest)
    if (op != "=" || previous().kind != Kind::word || next().kind != Kind::word || !token(at_ + 2).is("(")) return;
    const Token &argument = token(at_ + 3), &comma = token(at_ + 4);
    if (argument.text != previous().text || !comma.is(",")) return;
    add(Operator::drop_accumulation, next().offset, token(at_ + 5).offset, "(");
  }

  /// for (...; ...; i += step): without the step the loop is another one, and most never end.
  bool in_loop_header() const {
    int depth = 0;
    for (size_t i = at_; i > 0; --i) {
      if (token(i).is(")") || token(i).is("]")) ++depth;
      if (token(i).is("[")) --depth;
      if (token(i).is("{") || token(i).is("}")) return false;
      if (token(i).is("(") && --depth < 0) return token(i - 1).is("for");
    }
    return false;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::vector<Mutation> found_;
};

}  // namespace

std::string_view name_of(Operator op) {
  constexpr std::array<std::string_view, 5> names = {"drop barrier", "shift index", "change bound", "swap operand",
                                                     "drop accumulation"};
  return names[static_cast<size_t>(op)];
}

std::string Mutation::applied_to(std::string_view text) const {
  return std::string(text.substr(0, offset)) + replacement + std::string(text.substr(offset + length));
}

std::vector<Mutation> mutations_of(std::string_view text) {
  return Finder(text).find();
}

}  // namespace temper::mutation
