#pragma once

#include <string>

#include "base/hash.h"
#include "base/json.h"
#include "temper/error.h"
#include "text/jinja/chat_template.h"

namespace temper::testing {

/// SHA-256 of a conversation of tests/golden/data/chat_template/conversations.json as a template renders it, at the
/// time that the reference was made for; "error" if the template refuses the conversation.
inline std::string rendered_hash(const std::string& source, const std::string& name, OrderedJson conversation) {
  using namespace std::chrono;
  text::ChatTemplateOptions options;
  options.now = local_days(2026y / January / 2) + 3h + 4min + 5s;
  options.add_generation_prompt = conversation.at("add_generation_prompt");
  options.bos_token = conversation.at("bos_token");
  options.eos_token = conversation.at("eos_token");
  options.tools = conversation.value("tools", OrderedJson());
  const OrderedJson messages = conversation.at("messages");
  for (const char* key : {"name", "messages", "add_generation_prompt", "bos_token", "eos_token", "tools"})
    conversation.erase(key);
  options.extra = std::move(conversation);
  try {
    const std::string text = text::ChatTemplate(source, name).render(messages, options).text;
    return sha256(std::as_bytes(std::span(text)));
  } catch (const Error&) {
    return "error";
  }
}

}  // namespace temper::testing
