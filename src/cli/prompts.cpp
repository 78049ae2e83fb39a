#include "cli/prompts.h"

#include <algorithm>

#include "base/fail.h"
#include "generate/generator.h"

namespace temper::cli {
namespace {

/// Strict, since JSON numbers convert silently: 4294967297 would become 1.
std::vector<int32_t> ids_of(const OrderedJson& json) {
  if (!json.is_array()) fail(ErrorCode::data, "`ids` must be a list of token ids");
  std::vector<int32_t> ids;
  for (const OrderedJson& id : json) {
    const bool fits = id.is_number_integer() && id >= 0 && id <= INT32_MAX;
    if (!fits) fail(ErrorCode::data, "`ids` holds {}, which is not a token id", id.dump());
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

std::vector<int32_t> row_ids(const TextProcessor& processor, const PromptStyle& style, const OrderedJson& row,
                             std::string_view where) {
  if (!row.is_object()) fail(ErrorCode::data, "a row must be a JSON object");
  if (!style.system.empty() && !row.contains("prompt"))
    fail(ErrorCode::data, "--system goes with rows of `prompt`; put it into `messages`");
  if (row.contains("ids")) return ids_of(row.at("ids"));
  if (row.contains("messages")) {
    return processor.encode_rendered(processor.render(conversation_of(row, where), true).text);
  }
  if (row.contains("prompt")) {
    if (!row.at("prompt").is_string()) fail(ErrorCode::data, "`prompt` must be a string");
    return prompt_ids(processor, style, row.at("prompt").get<std::string>());
  }
  fail(ErrorCode::data, "a row needs `messages`, `prompt` or `ids`");
}

}  // namespace

std::vector<int32_t> prompt_ids(const TextProcessor& processor, const PromptStyle& style, const std::string& prompt) {
  if (style.raw || !processor.has_chat_template()) {
    if (!style.system.empty()) fail(ErrorCode::usage, "--system needs a chat template; the model has none");
    return processor.tokenizer().encode_with_special(prompt);
  }
  Conversation conversation;
  OrderedJson& messages = conversation.messages;
  if (!style.system.empty()) messages.push_back({{"role", "system"}, {"content", style.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return processor.encode_rendered(processor.render(conversation, true).text);
}

std::vector<std::vector<int32_t>> parse_batch(const TextProcessor& processor, const PromptStyle& style,
                                              std::string_view text, std::string_view path) {
  std::vector<std::vector<int32_t>> prompts;
  size_t begin = 0;
  for (int64_t line = 1; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    begin = end + 1;
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path, line);
    const OrderedJson row = parse_ordered_json(content, where);
    try {
      prompts.push_back(row_ids(processor, style, row, where));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::usage) throw;
      const std::string_view what = error.what();
      throw Error(ErrorCode::data, what.starts_with(where) ? std::string(what) : fmt::format("{}: {}", where, what));
    }
    check_prompt(processor.checkpoint().config(), prompts.back(), where);
  }
  if (prompts.empty()) fail(ErrorCode::data, "{}: no rows", path);
  return prompts;
}

}  // namespace temper::cli
