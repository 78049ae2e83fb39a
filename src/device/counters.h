#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace temper {

/// What a stream was asked to do. `--counters` prints it; tests assert on it.
struct Counters {
  std::map<std::string, int64_t, std::less<>> launches;    ///< kernel launches by op
  std::map<std::string, int64_t, std::less<>> composites;  ///< ops that ran as their composite, by op
  std::map<std::string, int64_t, std::less<>> placed;  ///< ops that another device ran by the placement table, by op
  int64_t placed_bytes = 0;                            ///< operands handed over for that
  int64_t barriers = 0;
  int64_t commits = 0;           ///< batches (command buffers) handed to the device
  int64_t encoders = 0;          ///< command encoders opened, those of libraries included
  int64_t dispatches = 0;        ///< kernels and copies encoded
  int64_t kernels_created = 0;   ///< kernel objects and pipelines made; later uses come from a cache
  int64_t kernels_archived = 0;  ///< of those: compiled by an earlier process
  int64_t waits = 0;             ///< times the host waited for the device
  int64_t buffers_created = 0;   ///< memory taken from the system
  int64_t buffers_reused = 0;    ///< memory taken from the pool
  int64_t bytes_created = 0;
  int64_t peak_bytes = 0;     ///< highest sum of live tensor memory
  int64_t scratch_bytes = 0;  ///< working memory that the stream holds for its CPU kernels, beside that of tensors
  int64_t uploads = 0, upload_bytes = 0;
  int64_t reads = 0, read_bytes = 0;

  int64_t total_launches() const;
  void count_launch(std::string_view op) { ++slot(launches, op); }
  void count_placed(std::string_view op) { ++slot(placed, op); }
  void count_composite(std::string_view op) { ++slot(composites, op); }

 private:
  static int64_t& slot(std::map<std::string, int64_t, std::less<>>& counts, std::string_view op);
};

/// A table for the person at the terminal.
std::string to_string(const Counters& counters);

}  // namespace temper
