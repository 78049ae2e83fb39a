#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>

// What a kernel finds wrong with its data only while it runs: a token id past the vocabulary, a NaN to be ordered. No
// kernel can stop a device, so it reports, writes something defined in place of the result (zeros, unless its spec says
// otherwise) and goes on. The host looks at the report when it has waited for the work anyway.
namespace temper {

/// The report of one launch, in memory that the device writes. 32-bit words only: a shader has the same struct, with
/// `code` atomic.
struct FaultRecord {
  uint32_t code = 0;                    ///< 0: nothing was found; else which of the op's faults, for its message
  uint32_t position = 0;                ///< the row or element that is wrong
  std::array<int32_t, 6> details = {};  ///< what the message tells of it; floats as their bits
};
static_assert(sizeof(FaultRecord) == 32);

/// Words a report: "token id 99 is not below the vocabulary's 32". Captures the sizes that it names.
using FaultMessage = std::function<std::string(const FaultRecord& record)>;

/// Where a kernel on the host reports, from any number of threads. The lowest position wins, and of one position the
/// first report, so that the error is the same whatever the threads. (A shader claims `code` by compare-exchange: of
/// several faults in one launch the first one wins there.)
class FaultReport {
 public:
  explicit FaultReport(FaultRecord& record) : record_(record) {}
  void operator()(int64_t position, std::initializer_list<int32_t> details, uint32_t code = 1);

 private:
  FaultRecord& record_;
  std::mutex mutex_;
};

/// The wording of each op's faults, whichever backend finds them. `details` of the record in brackets.
namespace fault_messages {

FaultMessage embedding(int64_t vocabulary);           // [id]
FaultMessage row_id(int64_t rows);                    // [id]; gather_rows, scatter_add_rows
FaultMessage pick(int64_t columns);                   // [id]
FaultMessage nan_in_row();                            // [column]; argmax, top_k
FaultMessage sample();                                // codes: SampleFault
FaultMessage history(int64_t columns);                // [token, row]; repetition_penalty
FaultMessage cache_row(int64_t capacity);             // [row]; kv_write_
FaultMessage target(int64_t vocabulary);              // [target]; linear_cross_entropy
FaultMessage segment(int64_t queries, int64_t keys);  // the segment's four numbers; attention, segment_mask

}  // namespace fault_messages

/// What can be wrong with a row of `sample`.
enum class SampleFault : uint32_t {
  parameters = 1,  ///< [temperature, top_k, top_p, min_p as bits]
  not_finite,      ///< []
  no_token,        ///< []
};

}  // namespace temper
