#include "msl/compiler/reach.h"

#include <array>
#include <string_view>
#include <utility>

namespace metalhost::msl {
namespace {

const std::string& written(TokenText& source, std::size_t i) {
  return source[i].as_written();
}

// The bracket that closes the one at i, in the source as it was written; size() if none does.
std::size_t closing(TokenText& source, std::size_t i) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPairs = {
      {{"(", ")"}, {"{", "}"}, {"[[", "]]"}}};
  for (const auto& [open, close] : kPairs) {
    if (written(source, i) != open) continue;
    int depth = 0;
    for (; i < source.size(); i = source.next(i)) {
      if (written(source, i) == open) ++depth;
      if (written(source, i) == close && --depth == 0) return i;
    }
  }
  return source.size();
}

// What has no name by which it is used, or many: all can use it.
constexpr int kAnywhere = 0;

}  // namespace

Reach::Reach(TokenText& source) {
  uses_.emplace_back();
  std::size_t first = source.size();  // of the declaration that is open
  bool has_arguments = false;
  for (std::size_t i = source[0].is_code() ? 0 : source.next(0); i < source.size(); i = source.next(i)) {
    const std::string& word = written(source, i);
    if (first == source.size()) {
      first = i;
      has_arguments = false;
    }
    const bool is_space = written(source, first) == "namespace" || written(source, first) == "extern" ||
                          (written(source, first) == "inline" && source.is(source.next(first), "namespace"));
    if (word == "(") {
      has_arguments = true;
      i = closing(source, i);
    } else if (word == "[[") {
      i = closing(source, i);
    } else if (word == "{" && is_space) {
      first = source.size();
    } else if (word == "{") {
      const std::size_t close = closing(source, i);
      if (has_arguments) {
        add_declaration(source, first, i, close);
        first = source.size();
      }
      i = close;
    } else if (word == ";" || word == "}") {
      add_declaration(source, first, i, i);
      first = source.size();
    }
  }
}

// The name that the declaration gives to what it declares.
int Reach::name_of(TokenText& source, std::size_t first, std::size_t end) {
  const bool is_typedef = written(source, first) == "typedef";
  std::string last;
  int depth = 0;
  for (std::size_t i = first; i < end; i = source.next(i)) {
    const std::string& word = written(source, i);
    if (word == "[[") {
      i = closing(source, i);
      continue;
    }
    if (word == "<") ++depth;
    if (word == ">") --depth;
    if (word == ">>") depth -= 2;
    if (depth > 0) continue;
    if (word == "operator" || word == "enum" || word == "," || word == "friend") return kAnywhere;
    const bool is_type = word == "struct" || word == "class" || word == "union" || word == "using";
    if (is_type && source.is_kind(source.next(i), TokenKind::identifier)) return id_of(written(source, source.next(i)));
    if ((word == "decltype" || word == "__attribute__") && source.is(source.next(i), "(")) {
      i = closing(source, source.next(i));
      continue;
    }
    if (!is_typedef && (word == "(" || word == "=" || word == "[" || word == "{")) break;
    if (word == "(") i = closing(source, i);
    if (source.is_kind(i, TokenKind::identifier)) last = written(source, i);
  }
  return last.empty() ? kAnywhere : id_of(last);
}

void Reach::add_declaration(TokenText& source, std::size_t first, std::size_t body, std::size_t last) {
  const auto name = static_cast<std::size_t>(name_of(source, first, body));
  std::vector<int> used;
  for (std::size_t i = first; i <= last && i < source.size(); i = source.next(i)) {
    if (source.is_kind(i, TokenKind::identifier)) used.push_back(id_of(written(source, i)));
  }
  uses_[name].insert(uses_[name].end(), used.begin(), used.end());
}

int Reach::id_of(const std::string& word) {
  const auto [entry, is_new] = ids_.try_emplace(word, static_cast<int>(uses_.size()));
  if (is_new) uses_.emplace_back();
  return entry->second;
}

std::vector<bool> Reach::from(const std::string& text, const std::vector<std::string>& wanted) const {
  std::vector<bool> seen(uses_.size());
  std::vector<int> open;
  auto add = [&](int id) {
    if (seen[static_cast<std::size_t>(id)]) return;
    seen[static_cast<std::size_t>(id)] = true;
    open.push_back(id);
  };
  add(kAnywhere);
  for (const Token& token : tokenize(text)) {
    if (const auto id = ids_.find(token.text); id != ids_.end()) add(id->second);
  }
  while (!open.empty()) {
    const auto id = static_cast<std::size_t>(open.back());
    open.pop_back();
    for (int next : uses_[id]) add(next);
  }
  std::vector<bool> found;
  for (const std::string& word : wanted) {
    const auto id = ids_.find(word);
    found.push_back(id != ids_.end() && seen[static_cast<std::size_t>(id->second)]);
  }
  return found;
}

}  // namespace metalhost::msl
