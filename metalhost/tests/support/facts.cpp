#include "support/facts.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace {

struct Type {
  std::string code;  // in metalhost's notation
  std::size_t bytes;
};

void skip_digits(const char*& text) {
  while (std::isdigit(static_cast<unsigned char>(*text))) ++text;
}

Type read_type(const char*& text) {
  while (*text && std::strchr("rnNoORV", *text)) ++text;  // const, in, out, ...
  char first = *text++;
  switch (first) {
    case '@':
      if (*text == '?') {
        ++text;
        return {"?", 8};
      }
      return {"@", 8};
    case '#':
      return {"@", 8};
    case '*':
      return {"^", 8};
    case '^':
      return {read_type(text).code == "v" ? "p" : "^", 8};
    case '{': {  // {name=members}; {name} when it is not known
      std::size_t size = 0;
      while (*text != '=' && *text != '}') ++text;
      if (*text == '=') {
        for (++text; *text != '}';) {
          std::size_t member = read_type(text).bytes,
                      align = std::min<std::size_t>(std::max<std::size_t>(member, 1), 8);
          size = (size + align - 1) / align * align + member;
        }
      }
      ++text;
      char code[8];
      std::snprintf(code, sizeof code, "{%02zx", size);
      return {code, size};
    }
    default: {
      std::size_t bytes = std::strchr("cCB", first)   ? 1
                          : std::strchr("sS", first)  ? 2
                          : std::strchr("iIf", first) ? 4
                                                      : 8;
      return {std::string(1, first), bytes};
    }
  }
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

}  // namespace

std::string signature_of_encoding(const std::string& encoding) {
  const char* text = encoding.c_str();
  std::string signature;
  for (int position = 0; *text; ++position) {
    std::string code = read_type(text).code;
    skip_digits(text);
    if (position != 1 && position != 2) signature += code;
  }
  return signature;
}

Facts::Facts(const std::string& path) {
  std::ifstream file(path);
  Entry* current = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("C:") || line.starts_with("P:")) {
      auto parts = split(line, '|');
      current = &entries_[parts[0]];
      if (parts.size() > 1 && !parts[1].empty()) current->parents.push_back("C:" + parts[1]);
      for (const auto& protocol : split(parts.size() > 2 ? parts[2] : "", ','))
        current->parents.push_back("P:" + protocol);
    } else if (line.starts_with('\t') && current) {
      auto parts = split(line.substr(1), '\t');
      current->methods[parts.at(0)] = signature_of_encoding(parts.at(1));
      ++count_;
    }
  }
}

std::optional<std::string> Facts::find(const std::string& entry, char sign, const std::string& selector) const {
  auto found = entries_.find(entry);
  if (found == entries_.end()) return std::nullopt;
  auto method = found->second.methods.find(sign + selector);
  if (method != found->second.methods.end()) return method->second;
  for (const auto& parent : found->second.parents) {
    if (parent == entry) continue;
    if (auto inherited = find(parent, sign, selector)) return inherited;
  }
  return std::nullopt;
}
