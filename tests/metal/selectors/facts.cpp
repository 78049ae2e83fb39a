#include "facts.h"

#include <cctype>
#include <fstream>
#include <stdexcept>

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool is_qualifier(char c) {
  return std::string_view("rnNoORVA").find(c) != std::string_view::npos;
}

// Appends the fields of a struct whose '{' has been read; names end at '=', and an opaque struct has no fields.
void append_fields(std::string_view& rest, std::string& out) {
  std::size_t name_end = rest.find_first_of("=}");
  rest.remove_prefix(name_end);
  if (rest.front() == '=') rest.remove_prefix(1);
  while (rest.front() != '}') {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c == '{') {
      append_fields(rest, out);
    } else if (c == '[') {  // [4C]
      int count = 0;
      while (std::isdigit(static_cast<unsigned char>(rest.front()))) {
        count = count * 10 + (rest.front() - '0');
        rest.remove_prefix(1);
      }
      out.append(static_cast<std::size_t>(count), rest.front());
      rest.remove_prefix(2);
    } else {
      out += c;
    }
  }
  rest.remove_prefix(1);
}

// Takes one type off the front.
std::string take_type(std::string_view& rest) {
  while (is_qualifier(rest.front())) rest.remove_prefix(1);
  char c = rest.front();
  rest.remove_prefix(1);
  if (c == '{') {
    std::string fields;
    append_fields(rest, fields);
    return "{" + fields + "}";
  }
  if (c == '^') {
    if (rest.front() != '{') return "^" + take_type(rest);
    take_type(rest);
    return "^{}";
  }
  if (c == '@' && !rest.empty() && rest.front() == '?') {
    rest.remove_prefix(1);
    return "@?";
  }
  return std::string(1, c);
}

}  // namespace

std::string flatten_encoding(std::string_view encoding) {
  std::string out;
  for (int index = 0; !encoding.empty(); ++index) {
    std::string type = take_type(encoding);
    if (index != 1 && index != 2) out += type;
    while (!encoding.empty() && std::isdigit(static_cast<unsigned char>(encoding.front()))) encoding.remove_prefix(1);
  }
  return out;
}

Facts::Facts(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": cannot be read");
  Entity* entity = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (line.front() != '\t') {  // C:MPSMatrix|NSObject|NSCopying,NSSecureCoding|10.13
      std::vector<std::string> parts = split(line, '|');
      entity = &entities_[parts.at(0)];
      if (!parts.at(1).empty()) entity->parents.push_back("C:" + parts[1]);
      for (const std::string& protocol : split(parts.at(2), ',')) {
        if (!protocol.empty()) entity->parents.push_back("P:" + protocol);
      }
    } else {  // \t-initWithDevice:\t@24@0:8@16\t10.13
      std::vector<std::string> parts = split(line, '\t');
      entity->methods.emplace(parts.at(1), flatten_encoding(parts.at(2)));
    }
  }
}

std::optional<std::string> Facts::find(const std::string& entity, const std::string& method) const {
  auto found = entities_.find(entity);
  if (found == entities_.end()) return {};
  if (auto types = found->second.methods.find(method); types != found->second.methods.end()) return types->second;
  for (const std::string& parent : found->second.parents) {
    if (auto types = find(parent, method)) return types;
  }
  return {};
}

std::optional<std::string> Facts::types(const std::string& receiver, bool to_class, const std::string& selector) const {
  std::string method = (to_class ? "+" : "-") + selector;
  if (auto types = find("C:" + receiver, method)) return types;
  return find("P:" + receiver, method);
}

bool Facts::knows(const std::string& receiver) const {
  return entities_.contains("C:" + receiver) || entities_.contains("P:" + receiver);
}
