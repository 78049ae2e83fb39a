#include "cli/train_samples.h"

#include <algorithm>

#include "base/file.h"

namespace temper::cli {
namespace {

std::string readable(const OrderedJson& messages) {
  std::string text;
  for (const OrderedJson& message : messages) {
    if (messages.size() > 1) text += message.value("role", "") + ": ";
    if (message.contains("content") && message["content"].is_string()) text += message["content"].get<std::string>();
    text += "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

TrainSample sample_of_text(const TextProcessor& processor, const std::string& text) {
  const std::vector<int32_t> ids = processor.tokenizer().encode_with_special(text);
  const auto half = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  const std::vector<int32_t> first(ids.begin(), half), second(half, ids.end());
  return {first, processor.tokenizer().decode(first, true), processor.tokenizer().decode(second, true)};
}

TrainSample sample_of_any(const TextProcessor& processor, const OrderedJson& row) {
  const Conversation prompt = train::prompt_of(row);
  if (prompt.messages.is_null()) return sample_of_text(processor, row.at("text").get<std::string>());
  if (prompt.messages.empty()) return {};
  // Data sets of a model without a template have no `messages` rows.
  const std::vector<int32_t> ids = processor.has_chat_template()
                                       ? processor.encode_rendered(processor.render(prompt, true).text)
                                       : processor.tokenizer().encode_with_special(row.at("prompt").get<std::string>());
  return {ids, readable(prompt.messages), train::expected_reply(row)};
}

}  // namespace

std::optional<TrainSample> sample_of_row(const TextProcessor& processor, const OrderedJson& row, int64_t room) {
  TrainSample sample = sample_of_any(processor, row);
  const int64_t context = processor.checkpoint().config().max_position_embeddings;
  if (sample.ids.empty() || static_cast<int64_t>(sample.ids.size()) + room > context) return std::nullopt;
  return sample;
}

std::vector<TrainSample> choose_samples(const TextProcessor& processor, const train::Dataset& set, int64_t count,
                                        int64_t room) {
  std::vector<TrainSample> samples;
  if (count < 1) return samples;
  const std::string text = read_file(set.path);
  const int64_t every = std::max<int64_t>(1, static_cast<int64_t>(set.rows.size()) / count);
  size_t begin = 0;
  for (int64_t index = 0; begin < text.size() && static_cast<int64_t>(samples.size()) < count;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (index++ % every != 0) continue;
    if (auto sample = sample_of_row(processor, parse_ordered_json(line, set.path.string()), room))
      samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace temper::cli
