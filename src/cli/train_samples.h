#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/text_model.h"
#include "train/dataset.h"

namespace temper::cli {

/// A row of the data set that the report shows answered before and after training.
struct TrainSample {
  std::vector<int32_t> ids;  ///< to continue
  std::string prompt;        ///< the same for a reader
  std::string expected;
};

/// The reply that a row asks for, from its own prompt; for a `text` row its second half of tokens, from the first.
/// Nothing for a row whose prompt is empty or leaves less than `room` tokens of the model's context.
std::optional<TrainSample> sample_of_row(const TextProcessor& processor, const OrderedJson& row, int64_t room);

/// Up to `count` samples, spread over the rows of a data set.
std::vector<TrainSample> choose_samples(const TextProcessor& processor, const train::Dataset& set, int64_t count,
                                        int64_t room);

}  // namespace temper::cli
