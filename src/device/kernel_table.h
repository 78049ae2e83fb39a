#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "device/stream.h"

namespace temper {

/// One backend's kernel for the op whose spec (device/op_specs) is `Spec`.
template <class Spec>
struct Kernel {
  using Attrs = typename Spec::Attrs;
  /// Whether the kernel can take these inputs; if not, the op's composite runs. Null: it takes everything that the
  /// op's shape rule accepts.
  std::function<bool(std::span<const TensorSpec> inputs, const Attrs& attrs)> supports = nullptr;
  /// Encodes the work. Inputs are contiguous unless `takes_strided`.
  std::function<void(Encoder& encoder, Operands inputs, Operands outputs, const Attrs& attrs)> encode = nullptr;
  bool takes_strided = false;
  /// Input whose buffer output 0 may overwrite (same bytes, last reference), or -1.
  int in_place_input = -1;
};

/// The kernels of one backend by op name. Filled once, by code that CMake generates from the file names in kernels/.
class KernelTable {
 public:
  template <class Spec>
  void add(const Kernel<Spec>& kernel) {
    entries_.emplace(Spec::name, std::make_shared<Kernel<Spec>>(kernel));
  }
  /// Null when the backend has no kernel for the op.
  template <class Spec>
  const Kernel<Spec>* find() const {
    const auto entry = entries_.find(Spec::name);
    return entry == entries_.end() ? nullptr : static_cast<const Kernel<Spec>*>(entry->second.get());
  }
  bool contains(std::string_view op) const { return entries_.contains(op); }
  size_t size() const { return entries_.size(); }

 private:
  std::unordered_map<std::string_view, std::shared_ptr<void>> entries_;
};

}  // namespace temper
