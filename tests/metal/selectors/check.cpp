#include "check.h"

#include <fstream>
#include <stdexcept>
#include <string_view>

namespace {

// Takes one type of a flattened encoding off the front.
std::string_view take(std::string_view& rest) {
  std::size_t length = 1;
  if (rest.front() == '{') {
    length = rest.find('}') + 1;
  } else if (rest.front() == '^') {
    while (rest[length] == '^') ++length;
    length = rest[length] == '{' ? rest.find('}', length) + 1 : length + 1;
  } else if (rest.substr(0, 2) == "@?") {
    length = 2;
  }
  std::string_view type = rest.substr(0, length);
  rest.remove_prefix(length);
  return type;
}

bool is_pointer(std::string_view type) {
  return type[0] == '@' || type[0] == '^' || type[0] == '*' || type[0] == '#';
}

// Equal, save that C++ may say void* where a pointer or object is declared.
bool agree(std::string_view sent, std::string_view declared) {
  while (!sent.empty() && !declared.empty()) {
    std::string_view ours = take(sent);
    std::string_view theirs = take(declared);
    if (ours != theirs && !(ours == "^v" && is_pointer(theirs))) return false;
  }
  return sent.empty() && declared.empty();
}

}  // namespace

Comparison compare(const std::vector<Send>& sends, const Facts& facts) {
  Comparison result;
  for (const Send& send : sends) {
    std::string message = (send.to_class ? "+" : "-") + send.receiver + " " + send.selector;
    auto declared = facts.types(send.receiver, send.to_class, send.selector);
    if (!declared) {
      result.unverified.insert(facts.knows(send.receiver) ? message : send.receiver);
    } else if (!agree(send.types, *declared)) {
      result.disagreed.push_back(message + ": sent as " + send.types + ", declared as " + *declared);
    } else {
      ++result.agreed;
    }
  }
  return result;
}

std::set<std::string> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": cannot be read");
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.front() != '#') lines.insert(line);
  }
  return lines;
}
