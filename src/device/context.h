#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "device/backend.h"
#include "device/stream.h"
#include "temper/tensor.h"

namespace temper {

class Context;

/// An op that a gradient will flow through. Made by the op runner (ops/op.h), kept by a Recorder.
class TapeNode {
 public:
  virtual ~TapeNode() = default;
  virtual std::string_view op() const = 0;
  /// Gradients of the inputs, undefined where no gradient is needed, from those of the outputs (undefined: none came).
  virtual std::vector<Tensor> vjp(Context& ctx, std::span<const Tensor> output_grads) = 0;

  std::vector<uint64_t> input_ids;   ///< 0 where the input needs no gradient
  std::vector<uint64_t> output_ids;  ///< 0 where the output can't carry one
};

/// Where ops report what they did, if anything requires a gradient. autograd/tape.h implements it.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual uint64_t new_grad_id() = 0;
  virtual void record(std::unique_ptr<TapeNode> node) = 0;
};

/// Everything an op needs besides its inputs; passed first to every op. Used by one thread at a time.
class Context {
 public:
  explicit Context(std::shared_ptr<Backend> backend, const StreamOptions& options = {});

  Device device() const { return backend_->device(); }
  Backend& backend() const { return *backend_; }
  const std::shared_ptr<Backend>& shared_backend() const { return backend_; }
  Stream& stream() const { return *stream_; }
  Counters& counters() const { return stream_->counters(); }

  /// Ops with a composite run it although the backend has a kernel: for tests that the two agree.
  void set_prefer_composites(bool prefer) { prefer_composites_ = prefer; }
  bool prefer_composites() const { return prefer_composites_; }

  Recorder* tape() const { return tape_; }
  /// Sets the tape for a scope and restores the old one: `TapeScope off(ctx, nullptr);`
  class TapeScope {
   public:
    TapeScope(Context& ctx, Recorder* tape) : ctx_(ctx), old_(ctx.tape_) { ctx.tape_ = tape; }
    ~TapeScope() { ctx_.tape_ = old_; }
    TapeScope(const TapeScope&) = delete;
    TapeScope& operator=(const TapeScope&) = delete;

   private:
    Context& ctx_;
    Recorder* old_;
  };

  /// Starts the random numbers of a step: they depend on (seed, step, call site, element) only.
  void begin_step(uint64_t seed, uint64_t step);
  /// i64[2] {seed, step} on the device; an input of random ops, so that recorded work can be replayed.
  const Tensor& rng_state();
  /// Numbers the call sites of random ops within a step. Recomputation rewinds it.
  uint32_t next_rng_site() { return rng_site_++; }
  uint32_t rng_site() const { return rng_site_; }
  void set_rng_site(uint32_t site) { rng_site_ = site; }

 private:
  std::shared_ptr<Backend> backend_;
  std::unique_ptr<Stream> stream_;
  Recorder* tape_ = nullptr;
  bool prefer_composites_ = false;
  Tensor rng_state_;
  uint32_t rng_site_ = 0;
};

}  // namespace temper
