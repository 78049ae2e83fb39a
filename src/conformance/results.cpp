#include "conformance/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

namespace temper::conformance {
namespace {

struct Question {
  const Case* subject = nullptr;
  Property property = Property::forward;
  size_t result = 0;  // index of the OpResult it counts for
  int64_t rank = 0;   // lower ones come first; 0 is never left out
};

int64_t rank_of(const Case& c, Property property) {
  const int64_t sample = c.sample - c.record->samples.data();
  if (sample > 0) return 1 + sample;
  return property == Property::forward ? 0 : 1;
}

std::string answer(const Question& question) {
  try {
    return violation(question.property, *question.subject);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

std::vector<OpResult> run_checks(std::span<const Case> cases, std::optional<double> seconds) {
  std::vector<OpResult> results;
  std::vector<Question> questions;
  for (const Case& c : cases) {
    auto result = std::ranges::find_if(results, [&](const OpResult& r) {
      return r.device == c.device && r.op == c.record->name && r.dtype == c.dtype;
    });
    if (result == results.end())
      result = results.insert(results.end(), {.device = c.device, .op = c.record->name, .dtype = c.dtype});
    for (const Property property : kProperties) {
      if (!applies(property, c)) continue;
      ++result->planned;
      questions.push_back({&c, property, static_cast<size_t>(result - results.begin()), rank_of(c, property)});
    }
  }
  std::ranges::stable_sort(questions, {}, &Question::rank);

  const auto start = std::chrono::steady_clock::now();
  for (const Question& question : questions) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (question.rank > 0 && seconds && elapsed.count() > *seconds) break;
    OpResult& result = results[question.result];
    ++result.checked;
    if (const std::string text = answer(question); !text.empty())
      result.differences.push_back(
          fmt::format("{}, sample '{}': {}", name_of(question.property), question.subject->sample->name, text));
  }
  return results;
}

}  // namespace temper::conformance
