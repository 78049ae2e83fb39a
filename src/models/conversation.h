#pragma once

#include <string_view>

#include "base/json.h"

namespace temper {

/// What a chat template is rendered for.
struct Conversation {
  OrderedJson messages = OrderedJson::array();  ///< list of {"role", "content", ...} objects; null: there is none
  OrderedJson tools = nullptr;                  ///< list of function definitions (JSON schemas); null: none

  /// Its beginning, with the same tools.
  Conversation first(size_t count) const;
};

/// Of a row or a request: its `messages`, and its `tools` if it has any. Throws Error{data} `where: ...` unless
/// `messages` is a list and `tools`, where given and not null, a list of objects.
Conversation conversation_of(const OrderedJson& row, std::string_view where);

}  // namespace temper
