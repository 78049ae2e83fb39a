#include "schema.h"

#include "base/fail.h"

namespace temper::text2sql {
namespace {

TableSchema make_table(const TableWords& words, const std::string& parent_key, Rng& rng) {
  std::vector<Column> columns;
  for (const TextWords& text : words.texts) {
    columns.push_back({.name = text.name, .type = ColumnType::text, .key = false, .values = pieces(text.values)});
  }
  const size_t numbers = rng.chance(60) ? 2 : 1;
  const size_t skipped = numbers == 2 ? words.numbers.size() : rng.below(words.numbers.size());
  for (size_t i = 0; i < words.numbers.size(); ++i) {
    const NumberWords& number = words.numbers[i];
    if (i == skipped) continue;
    columns.push_back({.name = number.name, .low = number.low, .high = number.high});
  }
  rng.shuffle(columns);
  columns.insert(columns.begin(), {.name = words.singular + "_id", .key = true});
  if (!parent_key.empty()) columns.push_back({.name = parent_key, .key = true});
  return {.name = words.plural, .singular = words.singular, .columns = std::move(columns)};
}

}  // namespace

const Column& TableSchema::column(std::string_view wanted) const {
  for (const Column& candidate : columns) {
    if (candidate.name == wanted) return candidate;
  }
  fail(ErrorCode::internal, "text2sql: table '{}' has no column '{}'", name, wanted);
}

std::vector<Column> TableSchema::of_type(ColumnType type) const {
  std::vector<Column> found;
  for (const Column& candidate : columns) {
    if (!candidate.key && candidate.type == type) found.push_back(candidate);
  }
  return found;
}

void Schema::show_only(const TableSchema& table) {
  TEMPER_ASSERT(&table == &parent || &table == &child);
  parent_shown = &table == &parent;
  child_shown = !parent_shown;
  std::erase_if((parent_shown ? parent : child).columns, [](const Column& column) { return column.key; });
}

std::vector<const TableSchema*> Schema::tables() const {
  std::vector<const TableSchema*> shown;
  if (parent_shown) shown.push_back(&parent);
  if (child_shown) shown.push_back(&child);
  if (shown.size() == 2 && !parent_first) std::swap(shown[0], shown[1]);
  return shown;
}

const TableSchema& Schema::table(std::string_view name) const {
  TEMPER_ASSERT(name == parent.name || name == child.name);
  return name == parent.name ? parent : child;
}

Schema make_schema(const Domain& domain, Rng& rng) {
  Schema schema;
  schema.parent = make_table(domain.parent, "", rng);
  schema.child = make_table(domain.child, schema.parent.key(), rng);
  schema.parent_first = rng.chance(50);
  return schema;
}

std::string schema_text(const Schema& schema) {
  std::string text;
  for (const TableSchema* table : schema.tables()) {
    text += table->name + "(";
    for (size_t i = 0; i < table->columns.size(); ++i) text += (i > 0 ? ", " : "") + table->columns[i].name;
    text += ")\n";
  }
  return text;
}

}  // namespace temper::text2sql
