#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "device/counters.h"
#include "device/metal/gpu.h"
#include "device/metal/mps.hpp"

namespace temper::metal {

/// What a kernel object is fixed to when it is made.
struct KernelKey {
  enum class Kind : uint8_t { product, vector_product, softmax, log_softmax, softmax_gradient, top_k, copy };
  Kind kind = Kind::product;
  bool trans_left = false;
  bool trans_right = false;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t interior = 0;
  double alpha = 1.0;
  double beta = 0.0;
  friend auto operator<=>(const KernelKey&, const KernelKey&) = default;
  /// "product 64x512x128 nt": kind, rows, columns, interior, transposes.
  std::string text() const;
};

/// The MPS kernel objects of one stream: making one costs 30 to 60 us on Apple hardware, so those used last are kept.
/// MPS objects must not be used from two threads at a time, and a stream belongs to one thread.
class MpsKernels {
 public:
  explicit MpsKernels(std::shared_ptr<Gpu> gpu, size_t capacity = 1024) : gpu_(std::move(gpu)), capacity_(capacity) {}

  /// The kernel for the key, made by `make(device)` (a new reference) when it isn't there.
  template <class K, class Make>
  K& get(const KernelKey& key, Counters& counters, Make make) {
    if (MPS::Kernel* found = find(key)) return static_cast<K&>(*found);
    K* made = make(&gpu_->device());
    ++counters.kernels_created;
    insert(key, Retained<MPS::Kernel>::adopt(made));
    return *made;
  }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Retained<MPS::Kernel> kernel;
    std::list<KernelKey>::iterator age;
  };
  MPS::Kernel* find(const KernelKey& key);
  void insert(const KernelKey& key, Retained<MPS::Kernel> kernel);

  std::shared_ptr<Gpu> gpu_;
  size_t capacity_;
  std::list<KernelKey> ages_;  // most recently used first
  std::map<KernelKey, Entry> entries_;
};

}  // namespace temper::metal
