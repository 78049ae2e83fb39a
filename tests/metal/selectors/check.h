// Compares what bindings send with what Apple's headers declare.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "facts.h"
#include "sends.h"

struct Comparison {
  int agreed = 0;                      // declared with these very types
  std::set<std::string> unverified;    // what the facts don't know: "-MTLDevice newArgumentTable...", or "MTL4Compiler"
                                       // where they don't know the class at all
  std::vector<std::string> disagreed;  // one message each, naming both encodings
};

Comparison compare(const std::vector<Send>& sends, const Facts& facts);

// The lines of a text file that are neither empty nor comments (#).
std::set<std::string> read_lines(const std::filesystem::path& file);
