#include "generate/reply_text.h"

#include <algorithm>
#include <utility>

namespace temper {
namespace {

/// Length of the longest end of `text` that begins `word`.
size_t overlap(const std::string& text, const std::string& word) {
  for (size_t n = std::min(text.size(), word.size() - 1); n > 0; --n)
    if (text.compare(text.size() - n, n, word, 0, n) == 0) return n;
  return 0;
}

}  // namespace

std::string ReplyText::push(int32_t id) {
  return release(decoder_.push(id), false);
}

std::string ReplyText::finish() {
  return release(decoder_.flush(), true);
}

std::string ReplyText::release(const std::string& text, bool last) {
  if (stopped_) return {};
  held_ += text;
  size_t first = std::string::npos, keep = 0;
  for (const std::string& stop : stop_strings_) {
    if (stop.empty()) continue;
    first = std::min(first, held_.find(stop));
    keep = std::max(keep, overlap(held_, stop));
  }
  if (first != std::string::npos) {
    stopped_ = true;
    held_.resize(first);
    keep = 0;
  }
  if (last) keep = 0;
  std::string released = held_.substr(0, held_.size() - keep);
  held_.erase(0, released.size());
  return released;
}

}  // namespace temper
