#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/failures.h"
#include "device/faults.h"

namespace temper {

/// How a launch on a device reports that its data are wrong.
struct FaultCheck {
  FaultMessage message = nullptr;  ///< null: it finds nothing wrong
  /// Looks where the kernel can't, on the host once the batch has run. Keeps what it looks at.
  std::function<void(FaultReport& faults)> on_host = nullptr;
};

/// The launches of a batch that runs on a device, in order: what each reads and writes, so that the host can tell
/// afterwards, from the fault records, which results are none. Used again for another batch it asks for no memory.
class LaunchLog {
 public:
  /// `op`: a name that lives on, as those of specs do. `number`: LaunchInfo's.
  void begin(uint64_t number, std::string_view op);
  // Of the launch begun last:
  void read(const MemoryRange& range, const std::shared_ptr<FailedRanges>& failed, const TensorSpec& spec);
  void write(const MemoryRange& range, const std::shared_ptr<FailedRanges>& failed, bool state);
  void check(FaultCheck check);

  size_t launches() const { return launches_.size(); }
  /// Fault records in use: one a launch with a check, in order.
  size_t records() const { return checks_.size(); }
  /// Op and shapes of the first launch, "nothing" of none.
  std::string describe_first() const { return launches_.empty() ? "nothing" : describe(0); }

  /// The batch has run: completes the records by the checks on the host, and settles each launch.
  void settle(std::span<FaultRecord> records, AsyncErrors& errors);
  /// The device gave the batch up: nothing that it should have written has a value.
  void settle_failed(const FailureHandle& failure, AsyncErrors& errors);
  /// Forgets everything. What the checks keep is added to `retired`, to be released where that is safe.
  void clear(std::vector<FaultCheck>& retired);

 private:
  std::string describe(size_t launch) const;
  struct Launch {
    uint64_t number;
    std::string_view op;
    size_t first_read, first_write;
    bool checked = false;
  };
  struct KeptAccess {
    MemoryRange range;
    std::shared_ptr<FailedRanges> failed;
    bool state;
  };
  /// Fills launch_reads_ and launch_writes_.
  void collect(size_t launch);
  size_t reads_end(size_t launch) const;
  size_t writes_end(size_t launch) const;

  std::vector<Launch> launches_;
  std::vector<KeptAccess> reads_, writes_;
  std::vector<TensorSpec> specs_;  // of reads_
  std::vector<FaultCheck> checks_;
  std::vector<Access> launch_reads_, launch_writes_;  // of the launch being settled; members to keep their memory
};

}  // namespace temper
