#include "text/pre_tokenizer.h"

#include <algorithm>

#include "text/byte_level.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

// GPT-2's (Radford et al. 2019): contractions, then runs of letters, of digits, of the rest, each with a space before.
constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Hugging Face's Punctuation means ASCII punctuation and category P of Unicode 8; PCRE2's P is newer. Two characters
// have left the category since. Found by comparing all code points.
constexpr std::string_view kPunctuation =
    R"((?![\x{61D}\x{9FD}\x{A76}\x{C77}\x{C84}\x{1B7D}\x{1B7E}\x{2E43}-\x{2E4F}\x{2E52}-\x{2E5D}\x{10EAD})"
    R"(\x{10F55}-\x{10F59}\x{10F86}-\x{10F89}\x{1144B}-\x{1144F}\x{1145A}-\x{1145D}\x{11660}-\x{1166C}\x{116B9})"
    R"(\x{1183B}\x{11944}-\x{11946}\x{119E2}\x{11A3F}-\x{11A46}\x{11A9A}-\x{11AA2}\x{11C41}-\x{11C45})"
    R"(\x{11C70}\x{11C71}\x{11EF7}\x{11EF8}\x{11FFF}\x{12FF1}\x{12FF2}\x{16E97}-\x{16E9A}\x{16FE2})"
    R"(\x{1E95E}\x{1E95F}])[\p{P}$+<=>\^`|~\x{166D}\x{111C9}])";

/// Matches, and the text between them.
struct Segment {
  Range range;
  bool is_match;
};

void segments_of(size_t size, const std::vector<Range>& matches, bool invert, std::vector<Segment>& segments) {
  size_t done = 0;
  for (const Range match : matches) {
    if (done != match.begin) segments.push_back({{done, match.begin}, invert});
    segments.push_back({match, !invert});
    done = match.end;
  }
  if (done != size) segments.push_back({{done, size}, invert});
}

/// Appends to `ranges` what the behavior makes of the segments; some may be empty.
void apply_behavior(const std::vector<Segment>& segments, SplitBehavior behavior, std::vector<Range>& ranges) {
  bool previous_match = false;
  switch (behavior) {
    case SplitBehavior::isolated:
      for (const Segment& segment : segments) ranges.push_back(segment.range);
      break;
    case SplitBehavior::removed:
      for (const Segment& segment : segments) {
        if (!segment.is_match) ranges.push_back(segment.range);
      }
      break;
    case SplitBehavior::contiguous:
      for (const Segment& segment : segments) {
        if (segment.is_match == previous_match && !ranges.empty()) {
          ranges.back().end = segment.range.end;
        } else {
          ranges.push_back(segment.range);
        }
        previous_match = segment.is_match;
      }
      break;
    case SplitBehavior::merged_with_previous:
      for (const Segment& segment : segments) {
        if (segment.is_match && !previous_match && !ranges.empty()) {
          ranges.back().end = segment.range.end;
        } else {
          ranges.push_back(segment.range);
        }
        previous_match = segment.is_match;
      }
      break;
    case SplitBehavior::merged_with_next:
      for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        if (segment->is_match && !previous_match && !ranges.empty()) {
          ranges.back().begin = segment->range.begin;
        } else {
          ranges.push_back(segment->range);
        }
        previous_match = segment->is_match;
      }
      std::reverse(ranges.begin(), ranges.end());
      break;
  }
}

void find_digits(std::string_view text, std::vector<Range>& matches) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (is_numeric(c.value)) matches.push_back({at, at + c.bytes});
    at += c.bytes;
  }
}

std::optional<Regex> compile_step(const PreTokenizerStep& step, std::string_view where) {
  using Kind = PreTokenizerStep::Kind;
  switch (step.kind) {
    case Kind::split:
      return Regex(step.is_regex ? step.pattern : escape_regex(step.pattern), where);
    case Kind::punctuation:
      return Regex(kPunctuation, where);
    case Kind::byte_level:
      return step.use_regex ? std::optional<Regex>(Regex(kGpt2, where)) : std::nullopt;
    case Kind::digits:
      break;
  }
  return std::nullopt;
}

}  // namespace

PreTokenizer::PreTokenizer(const std::vector<PreTokenizerStep>& steps, std::string_view where)
    : gives_bytes_(!steps.empty() && steps.back().kind == PreTokenizerStep::Kind::byte_level) {
  for (const PreTokenizerStep& step : steps) steps_.push_back({step, compile_step(step, where)});
}

void PreTokenizer::split(std::string_view text, EncodeScratch& scratch) const {
  scratch.pieces.assign(1, text);
  for (const Step& step : steps_) {
    scratch.next_pieces.clear();
    for (const std::string_view piece : scratch.pieces) apply(step, piece, scratch);
    scratch.pieces.swap(scratch.next_pieces);
  }
}

void PreTokenizer::apply(const Step& step, std::string_view piece, EncodeScratch& scratch) const {
  using Kind = PreTokenizerStep::Kind;
  const PreTokenizerStep& spec = step.spec;
  const bool byte_level = spec.kind == Kind::byte_level;
  if (byte_level && spec.add_prefix_space && !piece.starts_with(' ')) {
    piece = scratch.strings.emplace_back(1, ' ').append(piece);
  }
  const auto push = [&](std::string_view part) {
    if (part.empty()) return;
    if (byte_level && &step != &steps_.back()) part = scratch.strings.emplace_back(to_byte_level(part));
    scratch.next_pieces.push_back(part);
  };

  if (byte_level && !spec.use_regex) return push(piece);
  scratch.matches.clear();
  if (step.regex) {
    step.regex->find_all(piece, scratch.regex, scratch.matches);
  } else {
    find_digits(piece, scratch.matches);
  }

  SplitBehavior behavior = spec.behavior;
  if (spec.kind == Kind::digits) {
    behavior = spec.individual_digits ? SplitBehavior::isolated : SplitBehavior::contiguous;
  }
  if (behavior == SplitBehavior::isolated) {  // by far the most frequent: no list of segments needed
    size_t done = 0;
    for (const Range match : scratch.matches) {
      push(piece.substr(done, match.begin - done));
      push(piece.substr(match.begin, match.end - match.begin));
      done = match.end;
    }
    return push(piece.substr(done));
  }
  std::vector<Segment> segments;
  segments_of(piece.size(), scratch.matches, spec.invert, segments);
  std::vector<Range> ranges;
  apply_behavior(segments, behavior, ranges);
  for (const Range range : ranges) push(piece.substr(range.begin, range.end - range.begin));
}

}  // namespace temper::text
