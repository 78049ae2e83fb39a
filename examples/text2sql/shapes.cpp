#include "shapes.h"

#include <algorithm>
#include <vector>

#include "phrases.h"

namespace temper::text2sql {
namespace {

using Patterns = std::vector<std::string>;

// {p}: what is asked for, {T}: the table (plural), {t}: one row of it, {w}: the condition.
const Patterns kFilterPatterns = {"List the {p} of {T} {w}.", "What is the {p} of {T} {w}?",
                                  "For {T} {w}, show the {p}."};

Item plain(const Column& column) {
  return {.aggregate = Aggregate::none, .column = column.name};
}

Column pick_text(const TableSchema& table, Rng& rng) {
  return rng.pick(table.of_type(ColumnType::text));
}
Column pick_number(const TableSchema& table, Rng& rng) {
  return rng.pick(table.of_type(ColumnType::integer));
}

// The columns that are no keys and none of `taken`.
std::vector<Column> others(const TableSchema& table, const std::vector<std::string>& taken) {
  std::vector<Column> free;
  for (const Column& column : table.columns) {
    if (!column.key && std::find(taken.begin(), taken.end(), column.name) == taken.end()) free.push_back(column);
  }
  return free;
}

Column pick_other(const TableSchema& table, const std::vector<std::string>& taken, Rng& rng) {
  return rng.pick(others(table, taken));
}

Condition condition_on(const Column& column, Rng& rng) {
  return column.type == ColumnType::text ? text_condition(column, rng) : number_condition(column, rng);
}

Aggregate pick_aggregate(Rng& rng) {
  static const std::vector<Aggregate> aggregates = {Aggregate::avg, Aggregate::sum, Aggregate::min, Aggregate::max};
  return rng.pick(aggregates);
}

// The one table of a question; the other is a distractor in the prompt in one case of seven.
const TableSchema& pick_table(Schema& schema, Rng& rng) {
  const TableSchema& table = rng.chance(50) ? schema.child : schema.parent;
  if (!rng.chance(15)) schema.show_only(table);
  return table;
}

// "SELECT p FROM t WHERE conditions", asked with one of the filter patterns; sometimes two columns are asked for.
Draft filter_with(Schema schema, const TableSchema& table, std::vector<Condition> where, bool any, Rng& rng) {
  std::vector<std::string> taken;
  for (const Condition& condition : where) taken.push_back(condition.column);
  const Column first = pick_other(table, taken, rng);
  Query query{.items = {plain(first)}, .table = table.name, .where = std::move(where), .any_condition = any};
  std::string asked = spoken(first.name);
  taken.push_back(first.name);
  if (const std::vector<Column> rest = others(table, taken); !rest.empty() && rng.chance(30)) {
    const Column& second = rng.pick(rest);
    query.items.push_back(plain(second));
    asked += " and " + spoken(second.name);
  }
  std::string question = phrased(
      kFilterPatterns,
      {{"p", asked}, {"T", spoken(table.name)}, {"t", spoken(table.singular)}, {"w", clause(query.where, any, rng)}},
      rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_filter(Schema schema, Rng& rng) {
  const TableSchema table = pick_table(schema, rng);
  const Column column = rng.chance(60) ? pick_number(table, rng) : pick_text(table, rng);
  return filter_with(std::move(schema), table, {condition_on(column, rng)}, false, rng);
}

Draft make_and_or(Schema schema, Rng& rng) {
  const TableSchema table = pick_table(schema, rng);
  const Column number = pick_number(table, rng);
  const Column other = pick_other(table, {number.name}, rng);
  std::vector<Condition> where = {condition_on(number, rng), condition_on(other, rng)};
  rng.shuffle(where);
  return filter_with(std::move(schema), table, std::move(where), rng.chance(50), rng);
}

Draft make_between(Schema schema, Rng& rng) {
  const TableSchema table = pick_table(schema, rng);
  return filter_with(std::move(schema), table, {between_condition(pick_number(table, rng), rng)}, false, rng);
}

Draft make_like(Schema schema, Rng& rng) {
  const TableSchema table = pick_table(schema, rng);
  return filter_with(std::move(schema), table, {like_condition(pick_text(table, rng), rng)}, false, rng);
}

Draft make_count(Schema schema, Rng& rng) {
  static const Patterns patterns = {"How many {T} are there {w}?", "Count the {T} {w}.",
                                    "What is the number of {T} {w}?"};
  const TableSchema table = pick_table(schema, rng);
  const Column column = pick_other(table, {}, rng);
  Query query{.items = {{.aggregate = Aggregate::count}}, .table = table.name, .where = {condition_on(column, rng)}};
  std::string question = phrased(patterns, {{"T", spoken(table.name)}, {"w", clause(query.where, false, rng)}}, rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_aggregate(Schema schema, Rng& rng) {
  static const Patterns patterns = {"What is the {a} {n} of {T} {w}?", "Find the {a} {n} of {T} {w}.",
                                    "For {T} {w}, give the {a} {n}."};
  const TableSchema table = pick_table(schema, rng);
  const Column number = pick_number(table, rng);
  const Aggregate aggregate = pick_aggregate(rng);
  const Column column = pick_other(table, {number.name}, rng);
  Query query{.items = {{.aggregate = aggregate, .column = number.name}},
              .table = table.name,
              .where = {condition_on(column, rng)}};
  std::string question = phrased(patterns,
                                 {{"a", aggregate_words(aggregate, rng)},
                                  {"n", spoken(number.name)},
                                  {"T", spoken(table.name)},
                                  {"w", clause(query.where, false, rng)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

// A join: `asked` of one table, a condition on the other. {p}: what is asked for, {T}: the child, {U} and {u}: the
// parent, {w}: the condition.
Draft join_with(Schema schema, bool asks_child, const Patterns& patterns, Rng& rng) {
  const TableSchema &parent = schema.parent, &child = schema.child;
  const Column asked = pick_other(asks_child ? child : parent, {}, rng);
  const Column filtered = pick_other(asks_child ? parent : child, {}, rng);
  Query query{.items = {plain(asked)},
              .table = child.name,
              .join = Join{parent.name, parent.key()},
              .where = {condition_on(filtered, rng)}};
  std::string question = phrased(patterns,
                                 {{"p", spoken(asked.name)},
                                  {"T", spoken(child.name)},
                                  {"U", spoken(parent.name)},
                                  {"u", spoken(parent.singular)},
                                  {"w", clause(query.where, false, rng)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_join_child(Schema schema, Rng& rng) {
  static const Patterns patterns = {"List the {p} of {T} of the {U} {w}.", "For {T} of the {U} {w}, show the {p}."};
  return join_with(std::move(schema), true, patterns, rng);
}

Draft make_join_parent(Schema schema, Rng& rng) {
  static const Patterns patterns = {"For {T} {w}, show the {p} of their {u}.", "For {T} {w}, list the {u} {p}."};
  return join_with(std::move(schema), false, patterns, rng);
}

// {g}: the grouping column, {a} {n}: an aggregate; the group comes first in the result.
Draft make_group_by(Schema schema, Rng& rng) {
  static const Patterns counting = {"How many {T} are there for each {g}?", "Count the {T} per {g}.",
                                    "For each {g}, show the number of {T}."};
  static const Patterns aggregating = {"What is the {a} {n} of {T} for each {g}?", "Show the {a} {n} of {T} per {g}.",
                                       "For each {g}, give the {a} {n} of {T}."};
  const TableSchema table = pick_table(schema, rng);
  const Column group = pick_text(table, rng), number = pick_number(table, rng);
  const bool counts = rng.chance(50);
  const Aggregate aggregate = pick_aggregate(rng);
  Query query{.items = {plain(group), counts ? Item{.aggregate = Aggregate::count}
                                             : Item{.aggregate = aggregate, .column = number.name}},
              .table = table.name,
              .group_by = group.name};
  std::string question = phrased(counts ? counting : aggregating,
                                 {{"g", spoken(group.name)},
                                  {"T", spoken(table.name)},
                                  {"a", aggregate_words(aggregate, rng)},
                                  {"n", spoken(number.name)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_having(Schema schema, Rng& rng) {
  static const Patterns patterns = {"Which {g} values have {c} {k} {T}?", "List each {g} that has {c} {k} {T}.",
                                    "Show every {g} with {c} {k} {T}."};
  static const std::vector<Comparison> comparisons = {Comparison::greater, Comparison::greater_equal, Comparison::less};
  const TableSchema table = pick_table(schema, rng);
  const Column group = pick_text(table, rng);
  const Comparison comparison = rng.pick(comparisons);
  const Having having{.item = Item{Aggregate::count, ""},
                      .comparison = comparison,
                      .value = comparison == Comparison::less ? rng.between(3, 4) : rng.between(2, 3)};
  Query query{.items = {plain(group)}, .table = table.name, .group_by = group.name, .having = having};
  std::string question = phrased(patterns,
                                 {{"g", spoken(group.name)},
                                  {"T", spoken(table.name)},
                                  {"c", comparison_words(comparison, rng)},
                                  {"k", std::to_string(having.value)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_order_by(Schema schema, Rng& rng) {
  static const Patterns patterns = {"List the {p} of all {T} sorted by {n}, {d} first.",
                                    "Show the {p} of {T} ordered by {n}, {d} first."};
  const TableSchema table = pick_table(schema, rng);
  const Column number = pick_number(table, rng), asked = pick_other(table, {number.name}, rng);
  const bool descending = rng.chance(50);
  Query query{.items = {plain(asked)}, .table = table.name, .order = Order{number.name, descending}};
  std::string question = phrased(patterns,
                                 {{"p", spoken(asked.name)},
                                  {"T", spoken(table.name)},
                                  {"t", spoken(table.singular)},
                                  {"n", spoken(number.name)},
                                  {"d", descending ? "highest" : "lowest"}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_top_k(Schema schema, Rng& rng) {
  static const Patterns several = {"Show the {p} of the {k} {T} with the {s} {n}.",
                                   "Which {k} {T} have the {s} {n}? Give the {p}."};
  static const Patterns one = {"Show the {p} of the {t} with the {s} {n}.", "Which {t} has the {s} {n}? Give the {p}."};
  static const Patterns falling = {"highest", "largest"};
  static const Patterns rising = {"lowest", "smallest"};
  const TableSchema table = pick_table(schema, rng);
  const Column number = pick_number(table, rng), asked = pick_other(table, {number.name}, rng);
  const bool descending = rng.chance(50);
  const int64_t limit = rng.chance(30) ? 1 : rng.between(2, 6);
  Query query{.items = {plain(asked)}, .table = table.name, .order = Order{number.name, descending}, .limit = limit};
  std::string question = phrased(limit == 1 ? one : several,
                                 {{"p", spoken(asked.name)},
                                  {"k", std::to_string(limit)},
                                  {"T", spoken(table.name)},
                                  {"t", spoken(table.singular)},
                                  {"n", spoken(number.name)},
                                  {"s", rng.pick(descending ? falling : rising)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_nested_average(Schema schema, Rng& rng) {
  static const Patterns patterns = {"List the {p} of {T} whose {n} is {c} the average.",
                                    "Which {T} have {n} {c} the average? Show the {p}.",
                                    "For {T} with {n} {c} average, show the {p}."};
  const TableSchema table = pick_table(schema, rng);
  const Column number = pick_number(table, rng), asked = pick_other(table, {number.name}, rng);
  const Comparison comparison = rng.chance(50) ? Comparison::greater : Comparison::less;
  const Subquery average{Item{Aggregate::avg, number.name}, table.name};
  Query query{.items = {plain(asked)},
              .table = table.name,
              .where = {{.column = number.name, .comparison = comparison, .subquery = average}}};
  std::string question = phrased(patterns,
                                 {{"p", spoken(asked.name)},
                                  {"T", spoken(table.name)},
                                  {"t", spoken(table.singular)},
                                  {"n", spoken(number.name)},
                                  {"c", comparison_words(comparison, rng)}},
                                 rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_distinct(Schema schema, Rng& rng) {
  static const Patterns patterns = {"List the different {p} values of {T} {w}.",
                                    "What distinct {p} values are there for {T} {w}?",
                                    "Show each unique {p} of {T} {w}."};
  const TableSchema table = pick_table(schema, rng);
  const Column asked = pick_text(table, rng), column = pick_other(table, {asked.name}, rng);
  Query query{.distinct = true, .items = {plain(asked)}, .table = table.name, .where = {condition_on(column, rng)}};
  std::string question = phrased(
      patterns, {{"p", spoken(asked.name)}, {"T", spoken(table.name)}, {"w", clause(query.where, false, rng)}}, rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

Draft make_not_in(Schema schema, Rng& rng) {
  static const Patterns patterns = {"List the {p} of {U} that have no {T}.", "Which {U} have no {T}? Show the {p}.",
                                    "For {U} without {T}, show the {p}."};
  const TableSchema &parent = schema.parent, &child = schema.child;
  const Column asked = pick_other(parent, {}, rng);
  const Subquery members{Item{Aggregate::none, parent.key()}, child.name};
  Query query{.items = {plain(asked)},
              .table = parent.name,
              .where = {{.column = parent.key(), .comparison = Comparison::not_in, .subquery = members}}};
  std::string question =
      phrased(patterns, {{"p", spoken(asked.name)}, {"T", spoken(child.name)}, {"U", spoken(parent.name)}}, rng);
  return {std::move(question), std::move(query), std::move(schema)};
}

constexpr Shape kShapes[] = {
    {"filter", make_filter},
    {"and_or", make_and_or},
    {"between", make_between},
    {"like", make_like},
    {"count", make_count},
    {"aggregate", make_aggregate},
    {"join_child", make_join_child},
    {"join_parent", make_join_parent},
    {"group_by", make_group_by},
    {"having", make_having},
    {"order_by", make_order_by},
    {"top_k", make_top_k},
    {"nested_average", make_nested_average},
    {"distinct", make_distinct},
    {"not_in", make_not_in},
};

}  // namespace

std::span<const Shape> shapes() {
  return kShapes;
}

}  // namespace temper::text2sql
