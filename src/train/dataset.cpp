#include "train/dataset.h"

#include <algorithm>
#include <numeric>

#include "base/fail.h"
#include "base/file.h"

namespace temper::train {
namespace {

enum class RowKind { messages, completion, text };

struct ByteSpan {
  size_t begin, end;
};

std::optional<RowKind> known_kind_of(const OrderedJson& row) {
  // mlx-lm's order
  if (row.contains("prompt") && row.contains("completion")) return RowKind::completion;
  if (row.contains("messages")) return RowKind::messages;
  if (row.contains("text")) return RowKind::text;
  return std::nullopt;
}

RowKind kind_of(const OrderedJson& row, std::string_view where) {
  if (!row.is_object()) fail(ErrorCode::data, "{}: a row must be a JSON object", where);
  if (const auto kind = known_kind_of(row)) return *kind;
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  fail(ErrorCode::data, "{}: a row needs `messages`, `prompt` and `completion`, or `text`; this one has {}", where,
       keys.empty() ? "no key" : fmt::format("{}", fmt::join(keys, ", ")));
}

std::string_view name_of(RowKind kind) {
  return kind == RowKind::messages ? "messages" : kind == RowKind::completion ? "prompt and completion" : "text";
}

const std::string& string_field(const OrderedJson& row, const char* key, std::string_view where) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_string()) fail(ErrorCode::data, "{}: `{}` must be a string", where, key);
  return found->get_ref<const std::string&>();
}

Conversation checked_conversation(const OrderedJson& row, std::string_view where) {
  Conversation conversation = conversation_of(row, where);
  const OrderedJson& messages = conversation.messages;
  if (messages.empty()) fail(ErrorCode::data, "{}: `messages` must be a list of at least one message", where);
  for (const OrderedJson& message : messages) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
      fail(ErrorCode::data, "{}: every message needs a `role`", where);
    // A template would render a missing content as nothing, and the model would learn to say nothing.
    if (!message.contains("content") && !message.contains("tool_calls"))
      fail(ErrorCode::data, "{}: a message of role '{}' has neither `content` nor `tool_calls`", where,
           message["role"].get_ref<const std::string&>());
  }
  return conversation;
}

Conversation turn_of(const std::string& prompt, const std::string* completion) {
  Conversation turn;
  turn.messages.push_back({{"role", "user"}, {"content", prompt}});
  if (completion) turn.messages.push_back({{"role", "assistant"}, {"content", *completion}});
  return turn;
}

/// Where message `index` lies in the rendered conversation: after the rendering of what precedes it with the generation
/// prompt, up to the rendering through it. Both must be prefixes of the whole, which templates don't promise.
ByteSpan message_span(const TextProcessor& processor, const Conversation& conversation, size_t index,
                      const std::string& whole, std::string_view where) {
  const std::string before = processor.render(conversation.first(index), true).text;
  const std::string through =
      index + 1 == conversation.messages.size() ? whole : processor.render(conversation.first(index + 1), false).text;
  if (!whole.starts_with(before) || !whole.starts_with(through) || through.size() < before.size())
    fail(ErrorCode::data,
         "{}: the chat template rewrites earlier turns, so the tokens of message {} can't be told apart; use "
         "--mask-prompt none, or one assistant message a row",
         where, index + 1);
  return {before.size(), through.size()};
}

std::vector<ByteSpan> trained_spans(const TextProcessor& processor, const Conversation& conversation,
                                    const text::Rendered& rendered, PromptMask mask, std::string_view where) {
  const OrderedJson& messages = conversation.messages;
  std::vector<size_t> assistant;
  for (size_t i = 0; i < messages.size(); ++i)
    if (messages[i]["role"] == "assistant") assistant.push_back(i);
  if (assistant.empty())
    fail(ErrorCode::data, "{}: no assistant message, so --mask-prompt leaves nothing to train on", where);
  if (mask == PromptMask::last) assistant = {assistant.back()};
  std::vector<ByteSpan> spans;
  for (const size_t index : assistant)
    spans.push_back(message_span(processor, conversation, index, rendered.text, where));
  return spans;
}

/// Marks the tokens that begin inside the spans. Tokens and bytes are matched by the tokens' own bytes.
std::vector<uint8_t> marks(const TextProcessor& processor, std::span<const int32_t> ids, std::string_view text,
                           const std::vector<ByteSpan>& spans, std::string_view where) {
  std::vector<uint8_t> trained(ids.size(), 0);
  size_t at = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string bytes = processor.tokenizer().bytes_of(ids[i]);
    if (text.substr(at, bytes.size()) != bytes)
      fail(
          ErrorCode::data,
          "{}: the tokenizer changes the text (at byte {}), so message boundaries can't be followed; use --mask-prompt "
          "none",
          where, at);
    trained[i] = std::ranges::any_of(spans, [&](const ByteSpan& span) { return at >= span.begin && at < span.end; });
    at += bytes.size();
  }
  return trained;
}

Row chat_row(const TextProcessor& processor, const Conversation& conversation, const DatasetOptions& options,
             std::string_view where) {
  Row row;
  const text::Rendered rendered = processor.render(conversation, false);
  row.ids = processor.encode_rendered(rendered.text);
  row.trained = options.mask == PromptMask::none
                    ? std::vector<uint8_t>(row.ids.size(), 1)
                    : marks(processor, row.ids, rendered.text,
                            trained_spans(processor, conversation, rendered, options.mask, where), where);
  return row;
}

Row text_row(const TextProcessor& processor, const std::string& prompt, const std::string& continuation,
             const DatasetOptions& options) {
  Row row;
  row.ids = processor.tokenizer().encode_with_special(prompt + continuation);
  row.trained.assign(row.ids.size(), 1);
  if (options.mask != PromptMask::none) {
    // The longest common prefix: a token that straddles the boundary belongs to the completion.
    const std::vector<int32_t> head = processor.tokenizer().encode_with_special(prompt);
    const auto shared = std::ranges::mismatch(row.ids, head).in1 - row.ids.begin();
    std::fill(row.trained.begin(), row.trained.begin() + shared, uint8_t{0});
  }
  const auto eos = processor.eos();
  if (eos && (row.ids.empty() || row.ids.back() != *eos)) {
    row.ids.push_back(*eos);
    row.trained.push_back(1);
  }
  return row;
}

Row tokenized(const TextProcessor& processor, const OrderedJson& json, RowKind kind, const DatasetOptions& options,
              std::string_view where) {
  switch (kind) {
    case RowKind::messages:
      return chat_row(processor, checked_conversation(json, where), options, where);
    case RowKind::completion: {
      const std::string &prompt = string_field(json, "prompt", where),
                        &completion = string_field(json, "completion", where);
      if (processor.has_chat_template()) return chat_row(processor, turn_of(prompt, &completion), options, where);
      return text_row(processor, prompt, completion, options);
    }
    case RowKind::text:
      break;
  }
  if (options.mask != PromptMask::none)
    fail(ErrorCode::data, "{}: a `text` row has no prompt to mask; use --mask-prompt none, or prompt and completion",
         where);
  return text_row(processor, string_field(json, "text", where), "", options);
}

}  // namespace

int64_t Row::targets() const {
  return trained.empty() ? 0 : std::accumulate(trained.begin() + 1, trained.end(), int64_t{0});
}

int64_t Dataset::tokens() const {
  int64_t total = 0;
  for (const Row& row : rows) total += row.inputs();
  return total;
}

int64_t Dataset::targets() const {
  int64_t total = 0;
  for (const Row& row : rows) total += row.targets();
  return total;
}

Row tokenize_row(const TextProcessor& processor, const OrderedJson& json, const DatasetOptions& options,
                 std::string_view where) {
  Row row = tokenized(processor, json, kind_of(json, where), options, where);
  const int64_t vocab = processor.checkpoint().config().vocab_size;
  for (const int32_t id : row.ids)
    if (id < 0 || id >= vocab)
      fail(ErrorCode::data, "{}: token {} is outside of the model's vocabulary of {}; tokenizer and model don't match?",
           where, id, vocab);
  if (static_cast<int64_t>(row.ids.size()) > options.max_tokens) {
    row.ids.resize(static_cast<size_t>(options.max_tokens));
    row.trained.resize(row.ids.size());
    row.cut = true;
  }
  if (row.targets() == 0)
    fail(ErrorCode::data, "{}: no token to train on{}", where,
         row.cut ? fmt::format(" is left after cutting the row to {} tokens; raise --seq-len or shorten the prompt",
                               options.max_tokens)
                 : "; the row is empty or all of it is masked");
  return row;
}

Dataset load_dataset(const TextProcessor& processor, const std::filesystem::path& path, const DatasetOptions& options) {
  if (std::filesystem::is_directory(path))
    fail(ErrorCode::data, "{0}: is a folder; name a file in it, such as {1}", path.string(),
         (path / "valid.jsonl").string());
  return parse_dataset(processor, read_file(path), path, options);
}

Dataset parse_dataset(const TextProcessor& processor, std::string_view text, const std::filesystem::path& path,
                      const DatasetOptions& options) {
  if (options.max_tokens < 2)
    fail(ErrorCode::invalid_argument, "data: rows of at most {} tokens can't be trained on; at least 2 are needed",
         options.max_tokens);
  Dataset dataset;
  dataset.path = path;
  std::optional<RowKind> kind;
  size_t begin = 0;
  for (int64_t line = 1; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    begin = end + 1;
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path.string(), line);
    OrderedJson json;
    try {
      json = parse_ordered_json(content, where);
      const RowKind row_kind = kind_of(json, where);
      if (!kind) kind = row_kind;
      if (row_kind != *kind)
        fail(ErrorCode::data, "{}: a row of {}, but the file began with {}", where, name_of(row_kind), name_of(*kind));
      dataset.rows.push_back(tokenize_row(processor, json, options, where));
    } catch (const Error& error) {
      // Whatever is wrong with a row, the user needs its line.
      const std::string_view what = error.what();
      if (what.starts_with(where)) throw Error(ErrorCode::data, error.what());
      throw Error(ErrorCode::data, fmt::format("{}: {}", where, what));
    }
    Row& row = dataset.rows.back();
    row.line = line;
    dataset.rows_cut += row.cut;
    const bool stops = std::ranges::any_of(std::span(row.ids).last(std::min<size_t>(2, row.ids.size())),
                                           [&](int32_t id) { return processor.stop_tokens().contains(id); });
    dataset.rows_without_stop += !stops;
  }
  if (dataset.rows.empty()) fail(ErrorCode::data, "{}: no rows", path.string());
  return dataset;
}

Conversation prompt_of(const OrderedJson& row) {
  const auto kind = known_kind_of(row);
  if (kind == RowKind::completion) return turn_of(row.at("prompt").get<std::string>(), nullptr);
  if (kind != RowKind::messages) return {.messages = nullptr};
  const Conversation conversation = conversation_of(row, "row");
  size_t count = conversation.messages.size();
  while (count > 0 && conversation.messages[count - 1].value("role", "") == "assistant") --count;
  return conversation.first(count);
}

std::string expected_reply(const OrderedJson& row) {
  const auto kind = known_kind_of(row);
  if (kind == RowKind::completion) return row.at("completion").get<std::string>();
  if (kind != RowKind::messages || row.at("messages").empty()) return {};
  const OrderedJson& last = row.at("messages").back();
  return last.value("role", "") == "assistant" && last.contains("content") && last["content"].is_string()
             ? last["content"].get<std::string>()
             : std::string();
}

}  // namespace temper::train
