// What a declaration of a source can come to by the names that it uses: at least what it does use.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "msl/compiler/token_text.h"

namespace metalhost::msl {

class Reach {
 public:
  explicit Reach(TokenText& source);
  // Whether each of `wanted` is among the names that are come to from the words of `text`.
  std::vector<bool> from(const std::string& text, const std::vector<std::string>& wanted) const;

 private:
  int name_of(TokenText& source, std::size_t first, std::size_t end);
  // A function, a type, a variable or a name for one, from `first` up to `last`; `body` is where its head ends.
  void add_declaration(TokenText& source, std::size_t first, std::size_t body, std::size_t last);
  int id_of(const std::string& word);

  std::unordered_map<std::string, int> ids_;
  std::vector<std::vector<int>> uses_;  // by id of the name that is declared
};

}  // namespace metalhost::msl
