#include "text/normalizer.h"

#include "base/fail.h"
#include "text/unicode.h"

namespace temper::text {

Replacer::Replacer(std::string_view pattern, bool is_regex, std::string_view content, std::string_view where)
    : literal_(pattern), content_(content), where_(where) {
  // An empty literal matches between all characters, which the regular expression knows how to do.
  if (is_regex || pattern.empty()) regex_.emplace(pattern, where);
}

std::string Replacer::apply(std::string_view text, size_t max_bytes, RegexScratch& scratch) const {
  std::string replaced;
  size_t done = 0;
  const auto replace = [&](Range match) {
    replaced += text.substr(done, match.begin - done);
    replaced += content_;
    if (replaced.size() > max_bytes) {
      fail(ErrorCode::data, "{}: replacing '{}' by '{}' turns {} bytes of text into more than {}", where_, literal_,
           content_, text.size(), max_bytes);
    }
    done = match.end;
  };
  if (regex_) {
    std::vector<Range> matches;
    if (!text.empty()) regex_->find_all(text, scratch, matches);
    for (const Range match : matches) replace(match);
  } else {
    for (size_t at = 0; (at = text.find(literal_, done)) != std::string_view::npos;) {
      replace({at, at + literal_.size()});
    }
  }
  replaced += text.substr(done);
  return replaced;
}

Normalizer::Normalizer(const std::vector<NormalizerStep>& steps, std::string_view where) {
  using Kind = NormalizerStep::Kind;
  for (const NormalizerStep& step : steps) {
    Step compiled{step.kind, step.kind == Kind::prepend ? step.content : "", std::nullopt};
    if (step.kind == Kind::replace) compiled.replacer.emplace(step.pattern, step.is_regex, step.content, where);
    steps_.push_back(std::move(compiled));
  }
}

std::string Normalizer::apply(std::string_view text, RegexScratch& scratch) const {
  using Kind = NormalizerStep::Kind;
  // Unicode's normal forms grow text at most elevenfold (UAX #15).
  const size_t max_bytes = text.size() * 64 + 4096;
  std::string current(text);
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::nfc:
        current = normalize(current, NormalForm::nfc);
        break;
      case Kind::nfd:
        current = normalize(current, NormalForm::nfd);
        break;
      case Kind::nfkc:
        current = normalize(current, NormalForm::nfkc);
        break;
      case Kind::nfkd:
        current = normalize(current, NormalForm::nfkd);
        break;
      case Kind::lowercase:
        current = lowercase(current);
        break;
      case Kind::prepend:
        if (!current.empty()) current.insert(0, step.prefix);
        break;
      case Kind::replace:
        current = step.replacer->apply(current, max_bytes, scratch);
        break;
    }
  }
  return current;
}

}  // namespace temper::text
