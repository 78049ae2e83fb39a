#include "scoring.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <vector>

#include "base/fail.h"

namespace temper::text2sql {
namespace {

constexpr double kRelativeTolerance = 1e-6;  // sums of a few hundred reals in another order differ by far less

std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

bool same_value(const Value& a, const Value& b) {
  if (a == b) return true;
  const std::optional<double> x = number_of(a), y = number_of(b);
  return x && y && std::abs(*x - *y) <= kRelativeTolerance * std::max(std::abs(*x), std::abs(*y));
}

bool same_row(const Row& a, const Row& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_value);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

}  // namespace

std::string sql_of_reply(std::string_view reply) {
  std::string_view text = trimmed(reply);
  constexpr std::string_view kFence = "```";
  if (text.starts_with(kFence)) {
    text.remove_prefix(kFence.size());
    // The language's name, if any, is the rest of the line or the word "sql".
    for (const std::string_view language : {"sqlite", "sql", "SQL"}) {
      if (text.starts_with(language)) {
        text.remove_prefix(language.size());
        break;
      }
    }
    text = text.substr(0, text.find(kFence));
  }
  return std::string(trimmed(text));
}

bool is_ordered(std::string_view sql) {
  std::string outside;  // upper-case words at depth 0, separated by single spaces
  int depth = 0;
  char quote = 0;
  for (const char c : sql) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '\'' || c == '"' || c == '`') quote = c;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (depth > 0 || quote != 0) continue;
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_') {
      outside += static_cast<char>(std::toupper(byte));
    } else if (!outside.empty() && outside.back() != ' ') {
      outside += ' ';
    }
  }
  return (" " + outside + " ").find(" ORDER BY ") != std::string::npos;
}

bool same_result(const Execution& predicted, const Execution& gold, bool ordered) {
  if (!predicted.ok || !gold.ok || predicted.rows.size() != gold.rows.size()) return false;
  if (ordered) {
    return std::equal(predicted.rows.begin(), predicted.rows.end(), gold.rows.begin(), same_row);
  }
  // Pairing rows one by one, not sorting: near-equal reals need no total order. Results are small.
  std::vector<const Row*> unmatched;
  for (const Row& row : gold.rows) unmatched.push_back(&row);
  for (const Row& row : predicted.rows) {
    const auto match =
        std::find_if(unmatched.begin(), unmatched.end(), [&](const Row* other) { return same_row(row, *other); });
    if (match == unmatched.end()) return false;
    unmatched.erase(match);
  }
  return true;
}

Verdict judge(const Database& database, std::string_view gold_sql, std::string_view reply) {
  Sandbox sandbox(database);
  const Execution gold = sandbox.execute(gold_sql);
  if (!gold.ok) {
    fail(ErrorCode::data, "text2sql: gold query '{}': {}; is the data set damaged?", gold_sql, gold.error);
  }
  const Execution predicted = sandbox.execute(sql_of_reply(reply));
  if (!predicted.ok) return {.correct = false, .why = predicted.error};
  if (!same_result(predicted, gold, is_ordered(gold_sql))) return {.correct = false, .why = "another result"};
  return {.correct = true, .why = ""};
}

}  // namespace temper::text2sql
