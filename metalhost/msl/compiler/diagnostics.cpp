#include "msl/compiler/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

namespace metalhost::msl {
namespace {

std::string joined_messages(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const auto& diagnostic : diagnostics) out += diagnostic.message() + "\n";
  return out;
}

// A source names any file in its #line: only what can be a source is read.
bool may_be_source(const std::string& path) {
  constexpr uintmax_t kMostBytes = 64 << 20;
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && std::filesystem::file_size(path, error) <= kMostBytes;
}

std::vector<std::string> split_lines(std::istream& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(std::move(line));
  return lines;
}

// The places (from 0) of the line's tokens that read `wanted`; what is in comments doesn't count.
std::vector<int> places_of(const std::string& line, const std::string& wanted) {
  std::vector<int> places;
  bool in_comment = false;
  int at = 0;
  for (const Token& token : tokenize(line)) {
    if (!in_comment && token.is("//")) break;
    if (token.is("/*")) in_comment = true;
    if (!in_comment && token.text == wanted) places.push_back(at);
    if (token.is("*/")) in_comment = false;
    at += static_cast<int>(token.text.size());
  }
  return places;
}

// "file:line:column: " before `severity`; false for other lines.
bool parse_place(std::string_view text, Diagnostic& out) {
  if (!text.ends_with(":")) return false;
  text.remove_suffix(1);
  int numbers[2] = {0, 0};
  for (int i : {1, 0}) {
    std::size_t colon = text.rfind(':');
    if (colon == text.npos || colon + 1 == text.size()) return false;
    for (char c : text.substr(colon + 1)) {
      if (c < '0' || c > '9' || numbers[i] > 10'000'000) return false;
      numbers[i] = numbers[i] * 10 + (c - '0');
    }
    text = text.substr(0, colon);
  }
  out.file = text;
  out.line = numbers[0];
  out.column = numbers[1];
  return true;
}

std::string without_prefix(std::string text) {
  if (!text.starts_with("static assertion failed")) return text;
  std::size_t reason = text.rfind("': ");
  if (reason != text.npos) return text.substr(reason + 3);
  reason = text.find(": ");
  return reason == text.npos ? text : text.substr(reason + 2);
}

}  // namespace

std::string Diagnostic::message() const {
  if (line == 0) return text;
  if (column == 0) return fmt::format("{}:{}: error: {}", file, line, text);
  return fmt::format("{}:{}:{}: error: {}", file, line, column, text);
}

CompileError::CompileError(const std::string& text) : std::runtime_error(text), diagnostics_({{"", 0, 0, text}}) {}

CompileError::CompileError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(joined_messages(diagnostics)), diagnostics_(std::move(diagnostics)) {}

SourceLines::SourceLines(std::string name, const std::string& text) {
  std::istringstream stream(text);
  files_.emplace(std::move(name), split_lines(stream));
}

const std::vector<std::string>& SourceLines::lines_of(const std::string& file) {
  auto found = files_.find(file);
  if (found == files_.end()) {
    std::ifstream stream;
    if (may_be_source(file)) stream.open(file);
    found = files_.emplace(file, split_lines(stream)).first;
  }
  return found->second;
}

int SourceLines::column_of(const std::vector<Token>& tokens, std::size_t index) {
  const Token& token = tokens[index];
  std::size_t which = 0, first = index;
  for (std::size_t i = index; i-- > 0 && tokens[i].line == token.line && tokens[i].file == token.file;) {
    if (!tokens[i].is_code()) continue;
    first = i;
    if (tokens[i].as_written() == token.as_written()) ++which;
  }
  const auto& lines = lines_of(token.file);
  if (token.line < 1 || static_cast<std::size_t>(token.line) > lines.size()) return token.column;
  const std::string& line = lines[static_cast<std::size_t>(token.line) - 1];
  const auto places = places_of(line, token.as_written());
  if (which < places.size()) return places[which] + 1;
  const std::size_t start = line.find_first_not_of(" \t");
  return start == line.npos ? tokens[first].column : static_cast<int>(start) + 1;
}

std::size_t token_at(const std::vector<Token>& tokens, const std::string& file, int line, int column) {
  std::size_t before = tokens.size();
  int at = 1;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    const int width = static_cast<int>(token.text.size() + token.after.size());
    if (token.line == line && token.is_code() && token.file == file) {
      if (at <= column) before = i;
      if (at <= column && column < at + width) return i;
    }
    const std::size_t newline = token.text.rfind('\n');
    at = newline == std::string::npos ? at + width : width - static_cast<int>(newline);
  }
  return before;
}

std::vector<ClangMessage> parse_clang(const std::string& said) {
  static constexpr std::pair<const char*, ClangMessage::Severity> kSeverities[] = {
      {" fatal error: ", ClangMessage::Severity::error},
      {" error: ", ClangMessage::Severity::error},
      {" warning: ", ClangMessage::Severity::warning},
      {" note: ", ClangMessage::Severity::note}};
  std::vector<ClangMessage> messages;
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    for (const auto& [word, severity] : kSeverities) {
      const std::size_t at = line.find(word);
      ClangMessage message{severity, {}, {}};
      if (at == std::string::npos || !parse_place(std::string_view(line).substr(0, at), message.at)) continue;
      message.at.text = line.substr(at + std::string_view(word).size());
      if (severity == ClangMessage::Severity::note && !messages.empty()) {
        messages.back().notes.push_back(std::move(message));
      } else {
        messages.push_back(std::move(message));
      }
      break;
    }
  }
  return messages;
}

Diagnostic in_source(const ClangMessage& message, const std::string& library) {
  Diagnostic found = message.at;
  found.text = without_prefix(found.text);
  if (!found.file.starts_with(library)) return found;
  for (const auto& note : message.notes) {
    if (note.at.file.starts_with(library) || note.at.text.find("requested here") == std::string::npos) continue;
    found.file = note.at.file;
    found.line = note.at.line;
    found.column = note.at.column;
    break;
  }
  return found;
}

std::string with_advice(std::string text) {
  static constexpr std::pair<const char*, const char*> kAdvice[] = {
      {"no matching function for call to 'max'", "max takes values of one type: convert one of them"},
      {"no matching function for call to 'min'", "min takes values of one type: convert one of them"},
      {"no matching function for call to 'clamp'", "clamp takes values of one type: convert the others"},
      {"call to 'select' is ambiguous", "select takes values of one type: convert one of them"},
      {"no viable conversion from 'vec<", "vectors are converted only where their type is written: half4(v)"},
      {"use of undeclared identifier", "declare it before, or include the header that does"},
      {"file not found", "name its folder with -I"},
      {"with const-qualified type", "what is in the constant address space can't be written"},
      {"read-only", "what is in the constant address space can't be written"},
  };
  for (const auto& [part, advice] : kAdvice) {
    if (text.find(part) == std::string::npos || text.find("did you mean") != std::string::npos) continue;
    return text + "; " + advice;
  }
  return text;
}

}  // namespace metalhost::msl
