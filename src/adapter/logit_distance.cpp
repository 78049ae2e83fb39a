#include "adapter/logit_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "device/transfer.h"
#include "nn/token_batch.h"

namespace temper {
namespace {

// Prose, numbers and code, so that several parts of a model have something to say.
constexpr std::string_view kProbeText =
    "The river rises in the northern hills and reaches the sea after 340 kilometres. Question: how many days does a "
    "boat need at 85 kilometres a day? Answer: 340 / 85 = 4 days.\nSELECT name, length FROM rivers WHERE length > 300;";

std::vector<double> log_probabilities(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  const double log_sum = largest + std::log(sum);
  std::vector<double> result;
  result.reserve(logits.size());
  for (const float logit : logits) result.push_back(double{logit} - log_sum);
  return result;
}

}  // namespace

std::vector<int32_t> probe_tokens(const TextProcessor& processor) {
  std::vector<int32_t> ids = processor.tokenizer().encode_with_special(kProbeText);
  const auto context = static_cast<size_t>(processor.checkpoint().config().max_position_embeddings);
  if (ids.size() > context) ids.resize(context);
  if (ids.empty()) fail(ErrorCode::format, "{}: the tokenizer gives no tokens", processor.checkpoint().path().string());
  return ids;
}

std::vector<float> sequence_logits(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                   const std::vector<int32_t>& ids) {
  const std::vector<std::vector<int32_t>> sequences = {ids};
  const Tensor hidden = model.hidden(ctx, make_token_batch(ctx, sequences), {.adapter = adapter});
  return read<float>(ctx, model.logits(ctx, hidden));
}

LogitDistance logit_distance(std::span<const float> reference, std::span<const float> other, int64_t vocab) {
  const auto width = static_cast<size_t>(vocab);
  TEMPER_ASSERT(vocab > 0 && reference.size() == other.size() && reference.size() % width == 0 && !reference.empty());
  LogitDistance distance{.tokens = static_cast<int64_t>(reference.size() / width)};
  for (size_t begin = 0; begin < reference.size(); begin += width) {
    const std::vector<double> p = log_probabilities(reference.subspan(begin, width));
    const std::vector<double> q = log_probabilities(other.subspan(begin, width));
    double kl = 0.0;
    for (size_t i = 0; i < width; ++i) {
      kl += std::exp(p[i]) * (p[i] - q[i]);
      distance.max_abs = std::max(distance.max_abs, std::abs(double{reference[begin + i]} - other[begin + i]));
    }
    distance.kl += kl / static_cast<double>(distance.tokens);
  }
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::ranges::all_of(reference, finite) || !std::ranges::all_of(other, finite))
    distance.kl = distance.max_abs = std::numeric_limits<double>::infinity();
  return distance;
}

double allowed_merge_kl(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 1e-6;
    case DType::f16:
      return 1e-4;
    default:
      return 2e-3;
  }
}

}  // namespace temper
