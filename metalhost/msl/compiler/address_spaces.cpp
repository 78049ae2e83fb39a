#include "msl/compiler/address_spaces.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "msl/compiler/clang.h"

namespace metalhost::msl {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSpaces = {
    {{"__global", "device"}, {"__local", "threadgroup"}, {"__constant", "constant"}, {"__private", "thread"}}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// Where a variable itself lies is no part of what it points to.
std::string without_own_space(std::string text) {
  for (const char* own : {"*__private", "&__private", "*const __private"}) replace_all(text, own, "*");
  return text;
}

int spaces_in(const std::string& message) {
  const std::string text = without_own_space(message);
  return static_cast<int>(std::count_if(
      kSpaces.begin(), kSpaces.end(), [&](const auto& space) { return text.find(space.first) != std::string::npos; }));
}

int pointers_in(std::string_view text) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find('\'', at)) != text.npos;) {
    const std::size_t end = std::min(text.find('\'', at + 1), text.size());
    count += text.substr(at, end - at).find('*') != text.npos;
    at = std::min(end + 1, text.size());
  }
  return count;
}

// A value is copied whatever the space that it lies in; only where it is pointed to can spaces differ.
bool is_about_values(std::string_view text) {
  constexpr std::string_view kConversion = "no known conversion from ", kTo = " to '";
  if (text.starts_with("incompatible operand types") || text.starts_with("invalid operands"))
    return pointers_in(text) < 2;
  const std::size_t conversion = text.find(kConversion), to = text.find(kTo, std::min(conversion, text.size()));
  if (to == text.npos) return false;
  const std::string_view wanted = text.substr(to + kTo.size());
  return wanted.substr(0, wanted.find('\'')).find_first_of("*&") == wanted.npos;
}

bool differs_in_space(const std::string& message) {
  return spaces_in(message) >= 2 && !is_about_values(message);
}

// Every candidate fails by an address space, or takes another number of arguments.
bool all_candidates_differ(const std::vector<ClangMessage>& notes) {
  bool any = false;
  for (const auto& note : notes) {
    if (!note.at.text.starts_with("candidate")) continue;
    if (note.at.text.find("argument") != std::string::npos && note.at.text.find("requires") != std::string::npos)
      continue;
    if (!differs_in_space(note.at.text)) return false;
    any = true;
  }
  return any;
}

std::string reason_of(const ClangMessage& message) {
  std::string text = message.at.text;
  if (spaces_in(text) < 2) {
    for (const auto& note : message.notes) {
      if (!differs_in_space(note.at.text)) continue;
      text += ": " + note.at.text;
      break;
    }
  }
  return in_metal_words(text) + "; both must lie in one address space: copy the data, or change the declaration";
}

}  // namespace

std::string in_metal_words(std::string text) {
  text = without_own_space(std::move(text));
  for (const auto& [from, to] : kSpaces) replace_all(text, from, to);
  return text;
}

bool is_about_address_spaces(const ClangMessage& message) {
  return differs_in_space(message.at.text) || all_candidates_differ(message.notes);
}

AddressSpaceResult check_address_spaces(const std::string& source, const std::string& name,
                                        const CompileOptions& options) {
  const Rewritten rewritten = rewrite(preprocess(source, name, options.flags),
                                      {.for_address_spaces = true, .house_rules = options.house_rules});
  const std::filesystem::path written = temporary_path("address_spaces.cl");
  write_file(written, rewritten.text());
  const std::string library = library_folder();
  std::string said;
  const bool good = run_clang({"-fsyntax-only", "-x", "clcpp", "-cl-std=clc++2021", "-cl-no-stdinc", "-w",
                               "-ferror-limit=0", "-fno-caret-diagnostics", "-ftemplate-backtrace-limit=4", "-include",
                               library + "/address_spaces/metal_library.h", written.string()},
                              cache_folder(), said);
  std::filesystem::remove(written);
  SourceLines lines(name, source);
  AddressSpaceResult result;
  for (const ClangMessage& message : parse_clang(said)) {
    if (message.severity != ClangMessage::Severity::error) continue;
    Diagnostic found = in_source(message, library);
    const std::size_t token = token_at(rewritten.tokens, found.file, found.line, found.column);
    if (token < rewritten.tokens.size()) found.column = lines.column_of(rewritten.tokens, token);
    const bool is_error = is_about_address_spaces(message);
    if (is_error) found.text = reason_of(message);
    auto& list = is_error ? result.errors : result.unchecked;
    if (std::find(list.begin(), list.end(), found) == list.end()) list.push_back(std::move(found));
  }
  if (!good && result.errors.empty() && result.unchecked.empty()) throw CompileError(said);
  return result;
}

}  // namespace metalhost::msl
