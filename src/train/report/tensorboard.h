#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "train/report/append_file.h"
#include "train/report/metrics.h"

namespace temper::train {

/// CRC-32C (Castagnoli polynomial, reflected), as iSCSI uses it (RFC 3720, appendix B.4).
uint32_t crc32c(std::string_view bytes);

/// One TFRecord: length (u64), masked CRC of the length, payload, masked CRC of the payload; all little-endian.
std::string tfrecord(std::string_view payload);

/// Writes one TensorBoard event file, `folder`/events.out.tfevents.<unix time>.<host>.<pid>; the folder is created.
/// A resumed run writes a further file that begins with a session start, at which TensorBoard drops what an earlier
/// file says about later steps. Throws Error{io}.
class TensorBoardWriter {
 public:
  /// `resumed_step` < 0: a new run.
  explicit TensorBoardWriter(const std::filesystem::path& folder, int64_t resumed_step = -1);

  /// train/loss, train/lr, train/grad_norm, train/tokens_per_second
  void write(const StepMetrics& metrics);
  /// valid/loss, valid/perplexity
  void write(const EvalMetrics& metrics);
  /// Any other scalar, e.g. "valid/accuracy".
  void scalar(std::string_view tag, double value, int64_t step);

  const std::filesystem::path& path() const { return file_->path(); }

 private:
  std::unique_ptr<AppendFile> file_;
};

}  // namespace temper::train
