#include "vocabulary.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace temper::text2sql {
namespace {

// Lower-case words of a name or value, cut at spaces and underscores.
void add_words(const std::string& text, std::set<std::string>& words) {
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '_') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.insert(std::exchange(word, ""));
    }
  }
}

template <class Visit>
void for_each_table(Split split, Visit visit) {
  for (const Domain& domain : domains(split)) {
    visit(domain.parent);
    visit(domain.child);
  }
}

std::set<std::string> words_of(Split split) {
  std::set<std::string> words;
  for_each_table(split, [&](const TableWords& table) {
    add_words(table.plural, words);
    add_words(table.singular, words);
    for (const NumberWords& number : table.numbers) add_words(number.name, words);
    for (const TextWords& text : table.texts) {
      add_words(text.name, words);
      for (const std::string& value : pieces(text.values)) add_words(value, words);
    }
  });
  return words;
}

TEST(Vocabulary, NoWordIsInTwoSplits) {
  std::map<std::string, std::string_view> owner;
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    for (const std::string& word : words_of(split)) {
      const auto [at, is_new] = owner.emplace(word, name_of(split));
      EXPECT_TRUE(is_new) << "'" << word << "' is in " << at->second << " and in " << name_of(split);
    }
  }
}

TEST(Vocabulary, NamesWithinADomainAreUnique) {
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    for (const Domain& domain : domains(split)) {
      std::set<std::string> names;
      for (const TableWords* table : {&domain.parent, &domain.child}) {
        EXPECT_TRUE(names.insert(table->plural).second) << table->plural;
        for (const TextWords& text : table->texts) EXPECT_TRUE(names.insert(text.name).second) << text.name;
        for (const NumberWords& number : table->numbers) EXPECT_TRUE(names.insert(number.name).second) << number.name;
      }
    }
  }
}

TEST(Vocabulary, EveryColumnCanSeparateNearMisses) {
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    for_each_table(split, [](const TableWords& table) {
      EXPECT_GE(table.texts.size(), 2u) << table.plural;
      EXPECT_GE(table.numbers.size(), 2u) << table.plural;
      for (const NumberWords& number : table.numbers) EXPECT_GE(number.high - number.low, 25) << number.name;
      for (const TextWords& text : table.texts) {
        EXPECT_GE(pieces(text.values).size(), 4u) << text.name;
        EXPECT_EQ(text.values.find_first_of("'\"%_"), std::string::npos) << text.name;
      }
    });
  }
}

}  // namespace
}  // namespace temper::text2sql
