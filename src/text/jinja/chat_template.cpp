#include "text/jinja/chat_template.h"

#include "base/fail.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"
#include "text/jinja/python_text.h"

namespace temper::text {

struct ChatTemplate::Parsed {
  std::string source, where;
  jinja::Block root;
};

namespace {

[[noreturn]] void rethrow(const jinja::Fault& fault, std::string_view where, int running_line) {
  const int line = fault.line != 0 ? fault.line : running_line;
  const std::string place = line != 0 ? fmt::format("{}: line {}", where, line) : std::string(where);
  const char* prefix = fault.code == ErrorCode::unsupported ? "temper's chat templates lack " : "";
  fail(fault.code, "{}: {}{}", place, prefix, fault.message);
}

/// Transformers passes a message's reasoning under every name that templates read it by.
void alias_reasoning(OrderedJson& message) {
  const auto present = [&](const char* name) { return message.contains(name) && !message[name].is_null(); };
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    if (!present(name)) continue;
    const OrderedJson reasoning = message[name];
    OrderedJson with_thinking = OrderedJson::object({{"thinking", reasoning}});
    with_thinking.update(message);
    message = std::move(with_thinking);
    message["reasoning_content"] = reasoning;
    return;
  }
}

jinja::ScopePtr variables(jinja::Runtime& runtime, const OrderedJson& messages, const ChatTemplateOptions& options,
                          std::string_view where) {
  if (!messages.is_array()) fail(ErrorCode::invalid_argument, "{}: the messages are not a list", where);
  OrderedJson aliased = messages;
  for (OrderedJson& message : aliased) {
    if (!message.is_object())
      fail(ErrorCode::invalid_argument, "{}: a message is not an object: {}", where, message.dump());
    alias_reasoning(message);
  }
  auto globals = std::make_shared<jinja::Scope>(nullptr);
  jinja::add_global_functions(runtime, *globals);
  const auto set = [&](const std::string& name, jinja::Value value) {
    globals->variables.insert_or_assign(name, std::move(value));
  };
  set("messages", jinja::from_json(runtime, aliased));
  set("tools", jinja::from_json(runtime, options.tools));
  set("documents", jinja::Value());
  set("add_generation_prompt", jinja::Value(options.add_generation_prompt));
  if (!options.bos_token.empty()) set("bos_token", runtime.text(options.bos_token));
  if (!options.eos_token.empty()) set("eos_token", runtime.text(options.eos_token));
  if (!options.extra.is_null() && !options.extra.is_object())
    fail(ErrorCode::invalid_argument, "{}: the extra variables are not an object", where);
  for (const auto& [name, value] : options.extra.items()) set(name, jinja::from_json(runtime, value));
  return globals;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, std::string where) {
  constexpr size_t kMaxSourceBytes = 1 << 20;  // published templates stay below 64 KiB
  if (source.size() > kMaxSourceBytes)
    fail(ErrorCode::format, "{}: a chat template of {} bytes; more than {} are refused", where, source.size(),
         kMaxSourceBytes);
  if (!jinja::is_valid_utf8(source)) fail(ErrorCode::format, "{}: the chat template is not UTF-8", where);
  try {
    jinja::Block root = jinja::Parser(jinja::tokenize(source)).parse();
    parsed_ = std::make_unique<const Parsed>(Parsed{std::move(source), std::move(where), std::move(root)});
  } catch (const jinja::Fault& fault) {
    rethrow(fault, where, 1);
  }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

const std::string& ChatTemplate::source() const {
  return parsed_->source;
}

Rendered ChatTemplate::render(const OrderedJson& messages, const ChatTemplateOptions& options) const {
  jinja::Runtime runtime(options.limits, options.now);
  try {
    jinja::Interpreter interpreter(runtime, variables(runtime, messages, options, parsed_->where));
    return interpreter.run(parsed_->root);
  } catch (const jinja::Fault& fault) {
    rethrow(fault, parsed_->where, runtime.line);
  }
}

}  // namespace temper::text
