#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Typed look-ups in a JSON object that somebody else wrote. `where` names the file in errors. Each returns nullopt for
// a key that is absent or null, and throws Error{format} for a value of another type.
namespace temper::io {

std::optional<int64_t> json_integer(const nlohmann::json& object, std::string_view key, std::string_view where);
std::optional<double> json_number(const nlohmann::json& object, std::string_view key, std::string_view where);
std::optional<bool> json_bool(const nlohmann::json& object, std::string_view key, std::string_view where);
std::optional<std::string> json_string(const nlohmann::json& object, std::string_view key, std::string_view where);

/// A token id: null or negative (old files write -1) means none.
std::optional<int64_t> json_token_id(const nlohmann::json& object, std::string_view key, std::string_view where);
/// One id or a list of them; empty when there is none.
std::vector<int64_t> json_token_ids(const nlohmann::json& object, std::string_view key, std::string_view where);

}  // namespace temper::io
