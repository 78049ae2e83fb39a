#include "msl/compiler/words.h"

namespace metalhost::msl {

const std::set<std::string>& builtin_arguments() {
  static const std::set<std::string> names = {
      "thread_position_in_grid",        "thread_position_in_threadgroup",   "threadgroup_position_in_grid",
      "threads_per_threadgroup",        "dispatch_threads_per_threadgroup", "threads_per_grid",
      "threadgroups_per_grid",          "thread_index_in_threadgroup",      "thread_index_in_simdgroup",
      "simdgroup_index_in_threadgroup", "simdgroups_per_threadgroup",       "threads_per_simdgroup",
      "thread_index_in_quadgroup",      "quadgroup_index_in_threadgroup"};
  return names;
}

const std::map<std::string, std::string>& banned_words() {
  static const std::map<std::string, std::string> words = {
      {"double", "Metal has no double: use float"},
      {"new", "Metal has no dynamic memory"},
      {"delete", "Metal has no dynamic memory"},
      {"try", "Metal has no exceptions"},
      {"catch", "Metal has no exceptions"},
      {"throw", "Metal has no exceptions"},
      {"virtual", "Metal has no virtual functions"},
      {"dynamic_cast", "Metal has no run-time type information"},
      {"typeid", "Metal has no run-time type information"},
      {"goto", "Metal has no goto"},
      {"thread_local", "Metal has no thread_local"},
      {"asm", "Metal has no asm"},
      {"std", "Metal has no std: use metal"},
      {"__builtin_memcpy", "not a function of Metal"},
      {"expf", "not a function of Metal: use exp"},
      {"logf", "not a function of Metal: use log"},
      {"sqrtf", "not a function of Metal: use sqrt"},
      {"fabsf", "not a function of Metal: use fabs"},
      {"powf", "not a function of Metal: use pow"},
      {"sinf", "not a function of Metal: use sin"},
      {"cosf", "not a function of Metal: use cos"},
      {"fmaxf", "not a function of Metal: use fmax"},
      {"fminf", "not a function of Metal: use fmin"},
      {"printf", "Metal has no printf"},
      {"malloc", "Metal has no dynamic memory"},
      {"free", "Metal has no dynamic memory"},
      {"memcpy", "Metal has no memcpy"},
      {"memset", "Metal has no memset"},
  };
  return words;
}

bool is_number_type(const std::string& word) {
  static const std::set<std::string> scalars = {"bool",    "char",     "uchar",    "short",   "ushort",  "int",
                                                "uint",    "long",     "ulong",    "half",    "bfloat",  "float",
                                                "size_t",  "int8_t",   "unsigned", "int16_t", "int32_t", "int64_t",
                                                "uint8_t", "uint16_t", "uint32_t", "uint64_t"};
  if (scalars.contains(word)) return true;
  const bool is_vector = !word.empty() && word.back() >= '2' && word.back() <= '4';
  return is_vector && scalars.contains(word.substr(0, word.size() - 1));
}

bool is_address_space(const std::string& word) {
  static const std::set<std::string> spaces = {"device",  "constant", "thread", "threadgroup", "threadgroup_imageblock",
                                               "ray_data"};
  return spaces.contains(word);
}

}  // namespace metalhost::msl
