#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "vocabulary.h"

namespace temper::text2sql {

/// One row of a data file: a prompt (schema lines and a question), its gold SQL, and the database to execute it on.
struct Example {
  std::string shape;
  std::string prompt;
  std::string sql;
  Database database;
};

/// The system message of every prompt. A short one of ours costs fewer tokens than the default of a chat template.
inline constexpr std::string_view kSystemMessage = "SQL";

/// `count` examples of a split, going round the shapes; no prompt occurs twice. The same arguments give the same
/// examples on every platform. Throws Error{invalid_argument} when the vocabulary can't supply so many.
std::vector<Example> generate_examples(Split split, size_t count, uint64_t seed);

/// A row as one line of JSON: {"messages": [...], "shape": ..., "database": ...}, without a line end.
std::string to_jsonl_line(const Example& example);

/// The messages before the reply as one line of JSON, for `temper generate --batch`.
std::string to_prompt_line(const Example& example);

/// Reads a data file written by generate. Throws Error{not_found, io, format, data} naming file and line.
std::vector<Example> read_examples(const std::filesystem::path& path);

/// Reads predictions: an object with "text" a line. Throws Error{not_found, io, format, data} naming file and line.
std::vector<std::string> read_predictions(const std::filesystem::path& path);

}  // namespace temper::text2sql
