#include "device/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/fail.h"

namespace temper {

void FaultReport::operator()(int64_t position, std::initializer_list<int32_t> details, uint32_t code) {
  TEMPER_ASSERT(code != 0 && details.size() <= record_.details.size());
  const auto at = static_cast<uint32_t>(position);
  const std::lock_guard lock(mutex_);
  if (record_.code != 0 && record_.position <= at) return;
  record_ = {.code = code, .position = at};
  std::ranges::copy(details, record_.details.begin());
}

namespace fault_messages {

FaultMessage embedding(int64_t vocabulary) {
  return [vocabulary](const FaultRecord& fault) {
    const int32_t id = fault.details[0];
    return id < 0 ? fmt::format("token id {} is negative", id)
                  : fmt::format("token id {} is not below the vocabulary's {}", id, vocabulary);
  };
}

FaultMessage row_id(int64_t rows) {
  return [rows](const FaultRecord& fault) {
    return fmt::format("id {} at position {} lies outside [0, {}); wrong vocabulary?", fault.details[0], fault.position,
                       rows);
  };
}

FaultMessage pick(int64_t columns) {
  return [columns](const FaultRecord& fault) {
    return fmt::format("id {} in row {} is not below {}; wrong vocabulary?", fault.details[0], fault.position, columns);
  };
}

FaultMessage nan_in_row() {
  return [](const FaultRecord& fault) {
    return fmt::format("NaN in column {} of row {}", fault.details[0], fault.position);
  };
}

FaultMessage sample() {
  return [](const FaultRecord& fault) {
    const auto value = [&](size_t i) { return std::bit_cast<float>(fault.details[i]); };
    switch (static_cast<SampleFault>(fault.code)) {
      case SampleFault::parameters:
        return fmt::format("row {}: temperature {}, top_k {}, top_p {}, min_p {} are outside their domain",
                           fault.position, value(0), value(1), value(2), value(3));
      case SampleFault::not_finite:
        return fmt::format("row {} holds a NaN or infinite logit", fault.position);
      case SampleFault::no_token:
        break;
    }
    return fmt::format("row {} leaves no token to draw, all its logits are -infinity", fault.position);
  };
}

FaultMessage history(int64_t columns) {
  return [columns](const FaultRecord& fault) {
    return fmt::format("history token {} of row {} is not below {}; wrong vocabulary?", fault.details[0],
                       fault.details[1], columns);
  };
}

FaultMessage cache_row(int64_t capacity) {
  return [capacity](const FaultRecord& fault) {
    return fmt::format("row {} is not in the cache's {}; the sequence is longer than planned?", fault.details[0],
                       capacity);
  };
}

FaultMessage target(int64_t vocabulary) {
  return [vocabulary](const FaultRecord& fault) {
    return fmt::format("target {} is not below the vocabulary's {}", fault.details[0], vocabulary);
  };
}

FaultMessage segment(int64_t queries, int64_t keys) {
  return [queries, keys](const FaultRecord& fault) {
    const auto& d = fault.details;
    return fmt::format("attention: segment {} {{{},{},{},{}}} is not inside of {} queries and {} keys", fault.position,
                       d[0], d[1], d[2], d[3], queries, keys);
  };
}

}  // namespace fault_messages
}  // namespace temper
