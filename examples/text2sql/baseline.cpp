#include "baseline.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/fail.h"
#include "phrases.h"

namespace temper::text2sql {
namespace {

bool is_word_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Splits SQL into words, quoted strings (with their quotes) and single other characters, white space included.
std::vector<std::string> sql_tokens(std::string_view sql) {
  std::vector<std::string> tokens;
  for (size_t i = 0; i < sql.size();) {
    size_t end = i + 1;
    if (sql[i] == '\'') {
      end = std::min(sql.find('\'', end), sql.size() - 1) + 1;
    } else if (is_word_byte(sql[i])) {
      while (end < sql.size() && is_word_byte(sql[end])) ++end;
    }
    tokens.emplace_back(sql.substr(i, end - i));
    i = end;
  }
  return tokens;
}

struct PromptTable {
  std::string name;
  std::vector<std::string> columns;
};

// Words of a text, cut at everything that isn't a letter, digit or underscore.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& token : sql_tokens(text)) {
    if (is_word_byte(token.front())) words.push_back(std::move(token));
  }
  return words;
}

// The schema lines of a prompt; `question` is set to what follows them.
std::vector<PromptTable> parse_schema(std::string_view prompt, std::string_view& question) {
  std::vector<PromptTable> tables;
  for (;;) {
    const size_t end = prompt.find('\n');
    const std::string_view line = prompt.substr(0, end);
    if (end == std::string_view::npos || !line.ends_with(')') || line.find('(') == std::string_view::npos) break;
    std::vector<std::string> words = words_of(line);
    PromptTable table{.name = words.front(), .columns = {}};
    table.columns.assign(words.begin() + 1, words.end());
    tables.push_back(std::move(table));
    prompt.remove_prefix(end + 1);
  }
  question = prompt;
  return tables;
}

// Columns of more than one table: the keys that a join goes by.
std::vector<std::string> shared_columns(const std::vector<PromptTable>& schema) {
  std::vector<std::string> seen, shared;
  for (const PromptTable& table : schema) {
    for (const std::string& column : table.columns) {
      if (std::find(seen.begin(), seen.end(), column) != seen.end()) shared.push_back(column);
      seen.push_back(column);
    }
  }
  return shared;
}

// Names in the order of their first mention in the question (with spaces for underscores); then the unmentioned ones.
std::vector<std::string> by_mention(const std::vector<std::string>& names, std::string_view question) {
  std::vector<std::pair<size_t, size_t>> places;  // first mention (npos sorts last), then place in the schema
  for (const std::string& name : names) places.emplace_back(question.find(spoken(name)), places.size());
  std::sort(places.begin(), places.end());
  std::vector<std::string> ordered;
  for (const auto& [mention, index] : places) ordered.push_back(names[index]);
  return ordered;
}

// The text of the slot of this kind for this name; a new name gets the next number.
std::string slot(char kind, const std::string& name, std::vector<std::string>& seen) {
  auto found = std::find(seen.begin(), seen.end(), name);
  if (found == seen.end()) found = seen.insert(seen.end(), name);
  return fmt::format("{{{}{}}}", kind, found - seen.begin());
}

// A quoted string; the wildcards at its ends belong to the template.
std::string string_slot(std::string_view token, std::vector<std::string>& seen) {
  size_t begin = 1, end = token.size() - 1;
  while (begin < end && token[begin] == '%') ++begin;
  while (end > begin && token[end - 1] == '%') --end;
  return fmt::format("{}{}{}", token.substr(0, begin), slot('s', std::string(token.substr(begin, end - begin)), seen),
                     token.substr(end));
}

}  // namespace

std::string template_of(const Example& example) {
  std::string_view question;
  const std::vector<PromptTable> schema = parse_schema(example.prompt, question);
  const auto is_table = [&](const std::string& word) {
    return std::any_of(schema.begin(), schema.end(), [&](const PromptTable& t) { return t.name == word; });
  };
  const std::vector<std::string> keys = shared_columns(schema);
  const auto is_column = [&](const std::string& word) {
    return std::any_of(schema.begin(), schema.end(), [&](const PromptTable& t) {
      return std::find(t.columns.begin(), t.columns.end(), word) != t.columns.end();
    });
  };
  std::string text;
  std::vector<std::string> tables, shared, columns, numbers, strings;
  for (const std::string& token : sql_tokens(example.sql)) {
    if (token.front() == '\'') {
      text += string_slot(token, strings);
    } else if (is_digits(token)) {
      text += slot('n', token, numbers);
    } else if (is_table(token)) {
      text += slot('t', token, tables);
    } else if (std::find(keys.begin(), keys.end(), token) != keys.end()) {
      text += slot('k', token, shared);
    } else if (is_column(token)) {
      text += slot('c', token, columns);
    } else {
      text += token;
    }
  }
  return text;
}

Baseline::Baseline(const std::vector<Example>& train) {
  std::map<std::string, size_t> counts;
  for (const Example& example : train) ++counts[template_of(example)];
  if (counts.empty()) fail(ErrorCode::data, "text2sql: baseline: the training set is empty");
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  template_ = most->first;
  frequency_ = most->second;
}

std::string Baseline::predict(std::string_view prompt) const {
  std::string_view question;
  const std::vector<PromptTable> schema = parse_schema(prompt, question);
  if (schema.empty()) return {};
  std::vector<std::string> tables, columns, numbers, strings;
  for (const PromptTable& table : schema) {
    tables.push_back(table.name);
    columns.insert(columns.end(), table.columns.begin(), table.columns.end());
  }
  tables = by_mention(tables, question);
  columns = by_mention(columns, question);
  for (const std::string& token : sql_tokens(question)) {
    if (is_digits(token)) numbers.push_back(token);
    if (token.front() == '\'' && token.size() > 2) strings.push_back(token.substr(1, token.size() - 2));
  }
  const auto nth = [](const std::vector<std::string>& values, size_t n, const char* none) {
    return values.empty() ? std::string(none) : values[std::min(n, values.size() - 1)];
  };
  std::string sql;
  for (size_t i = 0; i < template_.size();) {
    if (template_[i] != '{') {
      sql += template_[i++];
      continue;
    }
    const size_t close = template_.find('}', i);
    const size_t n = std::stoul(template_.substr(i + 2, close - i - 2));
    switch (template_[i + 1]) {
      case 't':
        sql += nth(tables, n, "");
        break;
      case 'k':
        sql += nth(shared_columns(schema), n, "");
        break;
      case 'c':
        sql += nth(columns, n, "");
        break;
      case 'n':
        sql += nth(numbers, n, "0");
        break;
      default:
        sql += nth(strings, n, "");
    }
    i = close + 1;
  }
  return sql;
}

}  // namespace temper::text2sql
