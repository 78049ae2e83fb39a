#include "phrases.h"

#include <algorithm>

#include "base/fail.h"

namespace temper::text2sql {
namespace {

std::string value_words(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  return fmt::format("'{}'", std::get<std::string>(value));
}

bool is_text(const Condition& condition) {
  return std::holds_alternative<std::string>(condition.values.at(0));
}

// "starts with 'Br'" after "whose name", "starting with 'Br'" after "with name".
std::string like_words(const std::string& pattern, bool participle) {
  if (pattern.front() != '%') {
    return fmt::format("{} with '{}'", participle ? "starting" : "starts", pattern.substr(0, pattern.size() - 1));
  }
  return fmt::format("{} '{}'", participle ? "containing" : "contains", pattern.substr(1, pattern.size() - 2));
}

// What follows the column's name: "is over 30" as a predicate, "over 30" otherwise.
std::string condition_words(const Condition& condition, bool predicate, Rng& rng) {
  if (condition.comparison == Comparison::like) {
    return like_words(std::get<std::string>(condition.values.at(0)), !predicate);
  }
  const std::string first = value_words(condition.values.at(0));
  const std::string_view verb = predicate ? "is " : "";
  switch (condition.comparison) {
    case Comparison::between:
      return fmt::format(fmt::runtime(rng.chance(50) ? "{}between {} and {}" : "{}from {} to {}"), verb, first,
                         value_words(condition.values.at(1)));
    case Comparison::equal:
      return fmt::format("{}{}", is_text(condition) || predicate ? verb : "equal to ", first);
    case Comparison::not_equal:
      return fmt::format("{} {}", predicate ? "is not" : is_text(condition) ? "other than" : "not equal to", first);
    default:
      return fmt::format("{}{} {}", verb, comparison_words(condition.comparison, rng), first);
  }
}

int64_t middle_number(const Column& column, Rng& rng) {
  const int64_t fifth = (column.high - column.low) / 5;
  return rng.between(column.low + fifth, column.high - fifth);
}

}  // namespace

std::string spoken(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string phrased(const std::vector<std::string>& patterns,
                    std::initializer_list<std::pair<std::string_view, std::string>> parts, Rng& rng) {
  std::string_view pattern = rng.pick(patterns);
  std::string text;
  while (!pattern.empty()) {
    const size_t open = std::min(pattern.find('{'), pattern.size());
    text += pattern.substr(0, open);
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const size_t close = pattern.find('}');
    const std::string_view key = pattern.substr(1, close - 1);
    const auto* part = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.first == key; });
    TEMPER_ASSERT(part != parts.end());
    text += part->second;
    pattern.remove_prefix(close + 1);
  }
  return text;
}

std::string comparison_words(Comparison comparison, Rng& rng) {
  static const std::vector<std::string> greater = {"over", "above", "more than"};
  static const std::vector<std::string> less = {"under", "below", "less than"};
  static const std::vector<std::string> greater_equal = {"at least"};
  static const std::vector<std::string> less_equal = {"at most"};
  switch (comparison) {
    case Comparison::greater:
      return rng.pick(greater);
    case Comparison::less:
      return rng.pick(less);
    case Comparison::greater_equal:
      return rng.pick(greater_equal);
    case Comparison::less_equal:
      return rng.pick(less_equal);
    default:
      TEMPER_ASSERT(false);
  }
  return {};
}

std::string aggregate_words(Aggregate aggregate, Rng& rng) {
  static const std::vector<std::string> avg = {"average", "mean"};
  static const std::vector<std::string> sum = {"total"};
  static const std::vector<std::string> min = {"lowest", "minimum"};
  static const std::vector<std::string> max = {"highest", "maximum"};
  switch (aggregate) {
    case Aggregate::avg:
      return rng.pick(avg);
    case Aggregate::sum:
      return rng.pick(sum);
    case Aggregate::min:
      return rng.pick(min);
    case Aggregate::max:
      return rng.pick(max);
    default:
      TEMPER_ASSERT(false);
  }
  return {};
}

std::string clause(const std::vector<Condition>& conditions, bool any_condition, Rng& rng) {
  static const std::vector<std::string> openings = {"whose ", "with "};
  const size_t opening = rng.below(openings.size());
  std::string text = openings[opening];
  for (size_t i = 0; i < conditions.size(); ++i) {
    if (i > 0) text += any_condition ? " or " : " and ";
    text += spoken(conditions[i].column) + " " + condition_words(conditions[i], opening == 0, rng);
  }
  return text;
}

Condition number_condition(const Column& column, Rng& rng) {
  static const std::vector<Comparison> comparisons = {Comparison::greater,       Comparison::greater,
                                                      Comparison::less,          Comparison::less,
                                                      Comparison::greater_equal, Comparison::less_equal};
  return {.column = column.name, .comparison = rng.pick(comparisons), .values = {middle_number(column, rng)}};
}

Condition text_condition(const Column& column, Rng& rng) {
  return {.column = column.name,
          .comparison = rng.chance(20) ? Comparison::not_equal : Comparison::equal,
          .values = {rng.pick(column.values)}};
}

Condition between_condition(const Column& column, Rng& rng) {
  const int64_t fifth = (column.high - column.low) / 5;
  const int64_t low = rng.between(column.low + fifth, column.low + 2 * fifth);
  const int64_t high = rng.between(std::max(low + 4, column.low + 3 * fifth), column.high - 2);
  return {.column = column.name, .comparison = Comparison::between, .values = {low, high}};
}

Condition like_condition(const Column& column, Rng& rng) {
  const std::string& value = rng.pick(column.values);
  const size_t length = std::min<size_t>(value.size(), rng.chance(50) ? 1 : 2);
  const std::string pattern = rng.chance(50) ? fmt::format("{}%", value.substr(0, length))
                                             : fmt::format("%{}%", value.substr(value.size() - length));
  return {.column = column.name, .comparison = Comparison::like, .values = {pattern}};
}

}  // namespace temper::text2sql
