#pragma once

#include <string>
#include <vector>

#include "device/prepared_weight.h"
#include "temper/tensor.h"

namespace temper {

/// The low-rank update of one linear layer, ready for a forward pass: y += scale (dropout(x) A^T) B^T.
struct LoraFactors {
  Tensor a;  ///< [r, in]; undefined: the layer has no adapter
  Tensor b;  ///< [out, r]
  float scale = 0.0f;
  float dropout = 0.0f;  ///< probability, in training only

  bool defined() const { return a.defined(); }
};

/// Factors by the index that a model gives its linear layers (LanguageModel::linears()); empty means no adapter.
using BoundAdapter = std::vector<LoraFactors>;

/// A frozen linear layer where an adapter may attach.
struct LinearLayer {
  std::string name;  ///< Hugging Face module path: "model.layers.0.self_attn.q_proj"
  WeightHandle weight;
  Tensor bias;  ///< [out]; undefined: none
  int index = -1;
};

}  // namespace temper
