#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace temper::text {

/// What a hostile template may use before rendering stops with Error{invalid_argument}. The defaults are far above what
/// a conversation of thousands of messages needs.
struct RenderLimits {
  int64_t steps = 20'000'000;        ///< evaluated nodes, plus work done on long values
  int64_t bytes = int64_t{1} << 29;  ///< all strings and lists made while rendering, together
  int64_t output_bytes = 64 << 20;   ///< the rendered text
};

/// The variables of a rendering besides `messages`; the same that Transformers' apply_chat_template passes.
struct ChatTemplateOptions {
  bool add_generation_prompt = true;
  std::string bos_token = {};  ///< undefined in the template when empty
  std::string eos_token = {};  ///< likewise
  OrderedJson tools = {};      ///< list of JSON schemas; null: `tools` is none
  OrderedJson extra = {};      ///< object of further variables, e.g. {"enable_thinking": false}; overrides the others
  std::optional<std::chrono::local_seconds> now = {};  ///< clock of strftime_now; default: the system's local time
  RenderLimits limits = {};
};

struct Rendered {
  std::string text;
  /// Byte ranges [first, second) of `text` written by {% generation %} blocks: what the assistant said.
  std::vector<std::pair<size_t, size_t>> generation_spans;
};

/// A chat template in the Jinja dialect of Transformers: trim_blocks, lstrip_blocks, break and continue, no automatic
/// escaping, immutable lists and dicts, `raise_exception`, `strftime_now`, and {% generation %} blocks.
/// Immutable after construction; one object may render on several threads at once.
class ChatTemplate {
 public:
  /// Parses `source`; `where` (a file name) begins every message. Throws Error{format} for a syntax error and
  /// Error{unsupported} for a construct outside the subset, both as `where: line N: what`.
  ChatTemplate(std::string source, std::string where);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// Renders a conversation: `messages` is a list of {"role", "content", ...} objects; the order of keys is kept.
  /// Throws Error{invalid_argument} `where: line N: what` for whatever the template refuses (raise_exception), an
  /// operation Python would refuse, or an exceeded limit; Error{unsupported} for an unsupported function.
  Rendered render(const OrderedJson& messages, const ChatTemplateOptions& options = {}) const;

  const std::string& source() const;

 private:
  struct Parsed;
  std::unique_ptr<const Parsed> parsed_;
};

}  // namespace temper::text
