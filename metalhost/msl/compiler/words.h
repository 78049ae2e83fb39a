// Words of Metal that the front end knows.
#pragma once
#include <map>
#include <set>
#include <string>

namespace metalhost::msl {

// Attributes of arguments that the dispatch gives.
const std::set<std::string>& builtin_arguments();

// What Metal's C++ does not have, and what to do instead.
const std::map<std::string, std::string>& banned_words();

// Scalars and their vectors: "float", "half4".
bool is_number_type(const std::string& word);

// device, constant, thread, threadgroup, and those that are not supported.
bool is_address_space(const std::string& word);

}  // namespace metalhost::msl
