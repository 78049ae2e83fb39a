#include "vocabulary.h"

#include "base/fail.h"
#include "vocabulary_split.h"

namespace temper::text2sql {

std::string_view name_of(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::valid:
      return "valid";
    case Split::test:
      return "test";
  }
  TEMPER_ASSERT(false);
  return {};
}

const std::vector<Domain>& domains(Split split) {
  static const std::vector<Domain> train = train_domains(), valid = valid_domains(), test = test_domains();
  return split == Split::train ? train : split == Split::valid ? valid : test;
}

std::vector<std::string> pieces(std::string_view list) {
  std::vector<std::string> found;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find('|', begin), list.size());
    found.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

}  // namespace temper::text2sql
