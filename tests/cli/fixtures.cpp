#include "cli/fixtures.h"

#include <fstream>
#include <iterator>
#include <random>

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

std::string golden(const std::string& relative) {
  return std::string(TEMPER_SOURCE_DIR) + "/tests/golden/data/" + relative;
}

std::string words(std::mt19937& random) {
  static const char* const kWords[] = {"one", "two", "three", "apple", "under", "group", "when", "then", "was", "red"};
  std::string text;
  for (auto left = 1 + random() % 6; left > 0; --left)
    text += std::string(text.empty() ? "" : " ") + kWords[random() % std::size(kWords)];
  return text;
}

}  // namespace

std::string tiny_model() {
  return golden("tiny_llama/gqa_tied");
}

std::string tiny_gguf() {
  return golden("tiny_gguf/gqa_tied.gguf");
}

std::string tiny_adapter() {
  return golden("lora/gqa_tied/adapter");
}

std::string foreign_adapter() {
  return golden("lora/untied_llama3rope/adapter");
}

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string chat_rows(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const std::string question = words(random), answer = words(random);
    const OrderedJson row = {
        {"messages", {{{"role", "user"}, {"content", question}}, {{"role", "assistant"}, {"content", answer}}}}};
    text += row.dump() + "\n";
  }
  return text;
}

std::string data_folder(const TestFolder& folder, size_t train_rows, size_t valid_rows) {
  const fs::path path = folder / "data";
  fs::create_directories(path);
  write_text(path / "train.jsonl", chat_rows(train_rows, 1));
  if (valid_rows > 0) write_text(path / "valid.jsonl", chat_rows(valid_rows, 2));
  return path.string();
}

fs::path model_copy(const TestFolder& folder) {
  const fs::path copy = folder / "model";
  fs::copy(tiny_model(), copy);
  return copy;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path << " can't be read";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Words keys_of(const OrderedJson& json) {
  Words keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

void expect_error(const Outcome& outcome, int code, const Words& parts) {
  EXPECT_EQ(outcome.code, code) << "ended by signal " << outcome.signal << "; standard error:\n" << outcome.err;
  const size_t at = outcome.err.find("error: ");
  ASSERT_NE(at, std::string::npos) << "no `error: `; standard error:\n" << outcome.err;
  EXPECT_TRUE(at == 0 || outcome.err[at - 1] == '\n');
  const std::string message = outcome.err.substr(at);
  for (const std::string& part : parts) EXPECT_TRUE(contains(message, part)) << "no '" << part << "' in:\n" << message;
  EXPECT_FALSE(contains(message, "bug in temper")) << message;
}

void expect_success(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << "ended by signal " << outcome.signal << "; standard error:\n" << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "error: ")) << outcome.err;
}

}  // namespace temper::testing
