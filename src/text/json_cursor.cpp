#include "text/json_cursor.h"

#include "base/fail.h"

namespace temper::text {

JsonCursor JsonCursor::at(const char* key) const {
  const auto found = object().find(key);
  if (found == value_->end()) malformed(fmt::format("'{}' is missing", key));
  return JsonCursor(*found, where_, path_.empty() ? key : path_ + "." + key);
}

std::optional<JsonCursor> JsonCursor::find(const char* key) const {
  const auto found = object().find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return at(key);
}

std::vector<JsonCursor> JsonCursor::elements() const {
  std::vector<JsonCursor> all;
  for (const nlohmann::json& element : array()) {
    all.push_back(JsonCursor(element, where_, fmt::format("{}[{}]", path_, all.size())));
  }
  return all;
}

const std::string& JsonCursor::string() const {
  if (!value_->is_string()) malformed(fmt::format("a string is needed, this is of type {}", value_->type_name()));
  return value_->get_ref<const std::string&>();
}

bool JsonCursor::boolean() const {
  if (!value_->is_boolean()) malformed(fmt::format("true or false is needed, this is of type {}", value_->type_name()));
  return value_->get<bool>();
}

int64_t JsonCursor::integer(int64_t least, int64_t most) const {
  const bool fits = value_->is_number_unsigned() ? value_->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                                                 : value_->is_number_integer();
  const int64_t number = fits ? value_->get<int64_t>() : 0;
  if (!fits || number < least || number > most) {
    malformed(fmt::format("an integer from {} to {} is needed, this is {}", least, most, value_->dump().substr(0, 40)));
  }
  return number;
}

const nlohmann::json& JsonCursor::object() const {
  if (!value_->is_object()) malformed(fmt::format("an object is needed, this is of type {}", value_->type_name()));
  return *value_;
}

const nlohmann::json& JsonCursor::array() const {
  if (!value_->is_array()) malformed(fmt::format("an array is needed, this is of type {}", value_->type_name()));
  return *value_;
}

bool JsonCursor::boolean_or(const char* key, bool otherwise) const {
  const auto member = find(key);
  return member ? member->boolean() : otherwise;
}

void JsonCursor::malformed(std::string_view what) const {
  fail(ErrorCode::format, "{}: {}{}{}", where_, path_, path_.empty() ? "" : ": ", what);
}

void JsonCursor::unsupported(std::string_view what) const {
  fail(ErrorCode::unsupported, "{}: {}{}{}", where_, path_, path_.empty() ? "" : ": ", what);
}

}  // namespace temper::text
