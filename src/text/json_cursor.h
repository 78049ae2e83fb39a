#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper::text {

/// A value inside a JSON document together with its path, so that every complaint says where: `where: path: what`.
/// All checks throw Error{format}.
class JsonCursor {
 public:
  JsonCursor(const nlohmann::json& value, std::string_view where) : value_(&value), where_(where) {}

  /// A member that must be there; `this` must be an object.
  JsonCursor at(const char* key) const;
  /// A member, nullopt when it is absent or null.
  std::optional<JsonCursor> find(const char* key) const;
  std::vector<JsonCursor> elements() const;

  const std::string& string() const;
  bool boolean() const;
  /// An integer in [least, most].
  int64_t integer(int64_t least, int64_t most) const;
  const nlohmann::json& object() const;
  const nlohmann::json& array() const;

  bool boolean_or(const char* key, bool otherwise) const;

  [[noreturn]] void malformed(std::string_view what) const;
  [[noreturn]] void unsupported(std::string_view what) const;

 private:
  JsonCursor(const nlohmann::json& value, std::string_view where, std::string path)
      : value_(&value), where_(where), path_(std::move(path)) {}

  const nlohmann::json* value_;
  std::string_view where_;
  std::string path_;
};

}  // namespace temper::text
