#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/program.h"
#include "support/test_folder.h"

namespace temper::testing {

using Words = std::vector<std::string>;

/// Tiny seeded models of tests/golden/data, 384 tokens each: a Hugging Face folder with a chat template and a context
/// of 256, and the same model as a quantized GGUF file.
std::string tiny_model();
std::string tiny_gguf();
/// A PEFT adapter of rank 4 on both, and one of another model.
std::string tiny_adapter();
std::string foreign_adapter();

/// The words of one command line after another.
Words operator+(Words a, const Words& b);

/// A chat row {"messages": [user, assistant]} a line, drawn from a seed.
std::string chat_rows(size_t count, unsigned seed);
/// A folder with train.jsonl and valid.jsonl.
std::string data_folder(const TestFolder& folder, size_t train_rows = 16, size_t valid_rows = 4);

/// A copy of the tiny model that a test may damage.
std::filesystem::path model_copy(const TestFolder& folder);

std::string contents(const std::filesystem::path& path);
bool contains(const std::string& text, const std::string& part);

/// The keys of a JSON object in their order.
Words keys_of(const OrderedJson& json);

/// The program must exit with `code`, and standard error must hold a line `error: ...` with each of the parts.
void expect_error(const Outcome& outcome, int code, const Words& parts);
void expect_success(const Outcome& outcome);

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

}  // namespace temper::testing
