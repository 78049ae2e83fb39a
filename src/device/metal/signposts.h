#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace temper::metal {

/// A stretch of time on the timeline of Apple's Instruments (subsystem "temper"), from here to the
/// end of the object, which may come on another thread. Costs nothing unless Instruments records; on metalhost it is in
/// the event log.
class Signpost {
 public:
  enum class Kind : uint8_t {
    step,    ///< a training step or a decoded token
    batch,   ///< a command buffer, from commit to completion
    wait,    ///< the host waits for the GPU
    on_cpu,  ///< an op that the placement table gives to the CPU
  };

  Signpost() = default;
  Signpost(Kind kind, std::string_view what);
  Signpost(Signpost&& other) noexcept : kind_(other.kind_), id_(std::exchange(other.id_, 0)) {}
  Signpost& operator=(Signpost&& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Signpost();

 private:
  Kind kind_ = Kind::step;
  uint64_t id_ = 0;  // 0: nothing to end
};

/// Whether anybody looks: whoever makes a text for a signpost asks first.
bool signposts_enabled();

}  // namespace temper::metal
