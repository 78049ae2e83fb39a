#include "dataset.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"

namespace temper::text2sql {
namespace {

OrderedJson value_json(const Value& value) {
  return std::visit(
      [](const auto& v) -> OrderedJson {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
          return nullptr;
        } else {
          return v;
        }
      },
      value);
}

Value value_of(const Json& json) {
  if (json.is_null()) return std::monostate{};
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  return json.get<std::string>();
}

OrderedJson prompt_messages(const Example& example) {
  return OrderedJson::array(
      {{{"role", "system"}, {"content", kSystemMessage}}, {{"role", "user"}, {"content", example.prompt}}});
}

OrderedJson database_json(const Database& database) {
  OrderedJson tables = OrderedJson::array();
  for (const TableData& table : database.tables) {
    OrderedJson types = OrderedJson::array(), rows = OrderedJson::array();
    for (const ColumnType type : table.types) types.push_back(type == ColumnType::integer ? "INTEGER" : "TEXT");
    for (const Row& row : table.rows) {
      OrderedJson values = OrderedJson::array();
      for (const Value& value : row) values.push_back(value_json(value));
      rows.push_back(std::move(values));
    }
    tables.push_back({{"name", table.name}, {"columns", table.columns}, {"types", types}, {"rows", rows}});
  }
  return {{"tables", tables}};
}

Database database_of(const Json& json) {
  Database database;
  for (const Json& table_json : json.at("tables")) {
    TableData table{.name = table_json.at("name").get<std::string>(),
                    .columns = table_json.at("columns").get<std::vector<std::string>>(),
                    .types = {},
                    .rows = {}};
    for (const Json& type : table_json.at("types")) {
      table.types.push_back(type.get<std::string>() == "INTEGER" ? ColumnType::integer : ColumnType::text);
    }
    for (const Json& row_json : table_json.at("rows")) {
      Row row;
      for (const Json& value : row_json) row.push_back(value_of(value));
      table.rows.push_back(std::move(row));
    }
    database.tables.push_back(std::move(table));
  }
  return database;
}

const Json& message(const Json& row, std::string_view role) {
  for (const Json& candidate : row.at("messages")) {
    if (candidate.at("role") == role) return candidate.at("content");
  }
  fail(ErrorCode::data, "no message of the role '{}'", role);
}

Example example_of(const Json& row) {
  return {.shape = row.at("shape").get<std::string>(),
          .prompt = message(row, "user").get<std::string>(),
          .sql = message(row, "assistant").get<std::string>(),
          .database = database_of(row.at("database"))};
}

// Calls read(json) for every non-empty line; what it throws gets the line's place in front.
template <class Read>
void for_each_line(const std::filesystem::path& path, Read read) {
  const std::string text = read_file(path);
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path.string(), number);
    const Json json = parse_json(line, where);
    try {
      read(json);
    } catch (const Json::exception& error) {
      fail(ErrorCode::data, "{}: not a row of this kind of file: {}", where, error.what());
    } catch (const Error& error) {
      fail(error.code(), "{}: {}", where, error.what());
    }
  }
}

}  // namespace

std::string to_jsonl_line(const Example& example) {
  OrderedJson messages = prompt_messages(example);
  messages.push_back({{"role", "assistant"}, {"content", example.sql}});
  const OrderedJson row = {
      {"messages", messages}, {"shape", example.shape}, {"database", database_json(example.database)}};
  return row.dump();
}

std::string to_prompt_line(const Example& example) {
  const OrderedJson row = {{"messages", prompt_messages(example)}};
  return row.dump();
}

std::vector<Example> read_examples(const std::filesystem::path& path) {
  std::vector<Example> examples;
  for_each_line(path, [&](const Json& json) { examples.push_back(example_of(json)); });
  return examples;
}

std::vector<std::string> read_predictions(const std::filesystem::path& path) {
  std::vector<std::string> texts;
  for_each_line(path, [&](const Json& json) { texts.push_back(json.at("text").get<std::string>()); });
  return texts;
}

}  // namespace temper::text2sql
