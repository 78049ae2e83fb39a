#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "models/text_model.h"
#include "train/dataset.h"

// Comparison with numbers that Transformers and PEFT computed: tests/golden/data/README.md.
namespace temper::golden {

inline std::string data(const std::string& path) {
  return std::string(TEMPER_SOURCE_DIR "/tests/golden/data/") + path;
}

/// A tiny golden model with its own context.
struct Loaded {
  std::shared_ptr<Backend> backend = open_backend({}, {.threads = 2});
  Context ctx{backend};
  TextModel model;

  explicit Loaded(const std::string& path, DType dtype = DType::f32)
      : model(TextModel::load(*backend, ctx, data(path), {.dtype = dtype})) {}
};

inline std::vector<int32_t> ids_of(const io::StoredTensor& tensor) {
  std::vector<int32_t> ids;
  for (const float value : io::to_f32(tensor)) ids.push_back(static_cast<int32_t>(value));
  return ids;
}

inline double max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(double{a[i]} - double{b[i]});
    if (!(difference <= worst)) worst = difference;  // a NaN stays
  }
  return worst;
}

/// |a - b| / |b| in the Euclidean norm.
inline double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
    norm += double{b[i]} * double{b[i]};
  }
  return std::sqrt(difference / std::max(norm, 1e-30));
}

/// Rows of padded [.., B, T] batches as a data set; `labels` has -100 where a token isn't trained.
inline train::Dataset dataset_of(const io::SafetensorsFile& file) {
  const io::StoredTensor& input = file.at("input_ids");
  const std::vector<int32_t> ids = ids_of(input), labels = ids_of(file.at("labels")),
                             mask = ids_of(file.at("attention_mask"));
  const auto length = static_cast<size_t>(input.shape.back());
  train::Dataset dataset;
  for (size_t begin = 0; begin < ids.size(); begin += length) {
    train::Row row;
    for (size_t i = begin; i < begin + length; ++i) {
      if (!mask[i]) continue;
      row.ids.push_back(ids[i]);
      row.trained.push_back(labels[i] >= 0);
    }
    row.line = static_cast<int64_t>(dataset.rows.size()) + 1;
    dataset.rows.push_back(std::move(row));
  }
  return dataset;
}

}  // namespace temper::golden
