#include "models/conversation.h"

#include <algorithm>

#include "base/fail.h"

namespace temper {

Conversation Conversation::first(size_t count) const {
  Conversation part{OrderedJson::array(), tools};
  for (size_t i = 0; i < count; ++i) part.messages.push_back(messages[i]);
  return part;
}

Conversation conversation_of(const OrderedJson& row, std::string_view where) {
  if (!row.at("messages").is_array()) fail(ErrorCode::data, "{}: `messages` must be a list", where);
  Conversation conversation{row.at("messages"), nullptr};
  const auto tools = row.find("tools");
  if (tools == row.end() || tools->is_null()) return conversation;
  if (tools->is_string())
    fail(ErrorCode::data, "{}: `tools` is a string; write the list of function definitions itself, not as text", where);
  if (!tools->is_array() || !std::ranges::all_of(*tools, [](const OrderedJson& tool) { return tool.is_object(); }))
    fail(ErrorCode::data, "{}: `tools` must be a list of function definitions, each a JSON object", where);
  conversation.tools = *tools;
  return conversation;
}

}  // namespace temper
