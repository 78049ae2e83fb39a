#include "device/metal/signposts.h"

#include <os/signpost.h>

namespace temper::metal {
namespace {

os_log_t signpost_log() {
  // NOLINTNEXTLINE(misc-misplaced-const): the handle is constant
  static const os_log_t log = os_log_create("temper", OS_LOG_CATEGORY_DYNAMIC_TRACING);
  return log;
}

}  // namespace

bool signposts_enabled() {
  return os_signpost_enabled(signpost_log());
}

// Names of signposts must be literals.
Signpost::Signpost(Kind kind, std::string_view what) : kind_(kind) {
  if (!signposts_enabled()) return;
  id_ = os_signpost_id_generate(signpost_log());
  const int length = static_cast<int>(what.size());
  // NOLINTBEGIN(bugprone-suspicious-stringview-data-usage): the format takes the length
  switch (kind) {
    case Kind::step:
      os_signpost_interval_begin(signpost_log(), id_, "step", "%{public}.*s", length, what.data());
      break;
    case Kind::batch:
      os_signpost_interval_begin(signpost_log(), id_, "batch", "%{public}.*s", length, what.data());
      break;
    case Kind::wait:
      os_signpost_interval_begin(signpost_log(), id_, "wait", "%{public}.*s", length, what.data());
      break;
    case Kind::on_cpu:
      os_signpost_interval_begin(signpost_log(), id_, "on cpu", "%{public}.*s", length, what.data());
      break;
  }
  // NOLINTEND(bugprone-suspicious-stringview-data-usage)
}

Signpost::~Signpost() {
  if (id_ == 0) return;
  switch (kind_) {
    case Kind::step:
      os_signpost_interval_end(signpost_log(), id_, "step");
      break;
    case Kind::batch:
      os_signpost_interval_end(signpost_log(), id_, "batch");
      break;
    case Kind::wait:
      os_signpost_interval_end(signpost_log(), id_, "wait");
      break;
    case Kind::on_cpu:
      os_signpost_interval_end(signpost_log(), id_, "on cpu");
      break;
  }
}

}  // namespace temper::metal
