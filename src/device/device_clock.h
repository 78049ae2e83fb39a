#pragma once

namespace temper {

/// What a stream is, too, whose device tells how long it worked.
class DeviceClock {
 public:
  virtual ~DeviceClock() = default;
  /// Seconds that the device took for the batches that are done; time between batches isn't in it.
  virtual double device_seconds() const = 0;
};

}  // namespace temper
