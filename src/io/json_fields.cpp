#include "io/json_fields.h"

#include "base/fail.h"
#include "base/json.h"
#include "io/printable.h"

namespace temper::io {
namespace {

const Json* find_value(const Json& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void refuse_value(std::string_view key, std::string_view where, std::string_view expected,
                               const Json& value) {
  fail(ErrorCode::format, "{}: '{}' is {}, {} is expected", where, key,
       value.is_structured() ? value.type_name() : printable(value.dump()), expected);
}

int64_t integer_of(const Json& value, std::string_view key, std::string_view where) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX))
    refuse_value(key, where, "an integer", value);
  return value.get<int64_t>();
}

}  // namespace

std::optional<int64_t> json_integer(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = find_value(object, key);
  if (!value) return std::nullopt;
  return integer_of(*value, key, where);
}

std::optional<double> json_number(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = find_value(object, key);
  if (!value) return std::nullopt;
  if (!value->is_number()) refuse_value(key, where, "a number", *value);
  return value->get<double>();
}

std::optional<bool> json_bool(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = find_value(object, key);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) refuse_value(key, where, "true or false", *value);
  return value->get<bool>();
}

std::optional<std::string> json_string(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = find_value(object, key);
  if (!value) return std::nullopt;
  if (!value->is_string()) refuse_value(key, where, "a string", *value);
  return value->get<std::string>();
}

std::optional<int64_t> json_token_id(const Json& object, std::string_view key, std::string_view where) {
  const auto id = json_integer(object, key, where);
  return id && *id < 0 ? std::nullopt : id;
}

std::vector<int64_t> json_token_ids(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = find_value(object, key);
  if (!value) return {};
  if (!value->is_array()) {
    const auto id = json_token_id(object, key, where);
    return id ? std::vector{*id} : std::vector<int64_t>{};
  }
  std::vector<int64_t> ids;
  for (const Json& element : *value) {
    ids.push_back(integer_of(element, key, where));
    if (ids.back() < 0) refuse_value(key, where, "a list of token ids", element);
  }
  return ids;
}

}  // namespace temper::io
