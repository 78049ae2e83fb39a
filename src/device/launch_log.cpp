#include "device/launch_log.h"

#include <utility>

#include "base/fail.h"

namespace temper {

void LaunchLog::begin(uint64_t number, std::string_view op) {
  launches_.push_back({number, op, reads_.size(), writes_.size()});
}

void LaunchLog::read(const MemoryRange& range, const std::shared_ptr<FailedRanges>& failed, const TensorSpec& spec) {
  reads_.push_back({range, failed, false});
  specs_.push_back(spec);
}

void LaunchLog::write(const MemoryRange& range, const std::shared_ptr<FailedRanges>& failed, bool state) {
  writes_.push_back({range, failed, state});
}

void LaunchLog::check(FaultCheck check) {
  if (!check.message) return;
  launches_.back().checked = true;
  checks_.push_back(std::move(check));
}

std::string LaunchLog::describe(size_t launch) const {
  const size_t begin = launches_[launch].first_read;
  return describe_launch(launches_[launch].op, std::span(specs_).subspan(begin, reads_end(launch) - begin));
}

void LaunchLog::settle(std::span<FaultRecord> records, AsyncErrors& errors) {
  TEMPER_ASSERT(records.size() >= checks_.size());
  size_t next = 0;
  for (size_t i = 0; i < launches_.size(); ++i) {
    FailureHandle failure;
    if (launches_[i].checked) {
      FaultRecord& record = records[next];
      const FaultCheck& check = checks_[next++];
      FaultReport report(record);
      if (check.on_host) check.on_host(report);
      failure = fault_in(record, check.message, [&] { return describe(i); });
    }
    collect(i);
    errors.settle({launches_[i].number, launch_reads_, launch_writes_, [&] { return describe(i); }}, failure);
  }
}

void LaunchLog::settle_failed(const FailureHandle& failure, AsyncErrors& errors) {
  for (size_t i = 0; i < launches_.size(); ++i) {
    collect(i);
    // Without reads no state counts as one that keeps what it held: nobody knows how far its update came.
    errors.settle({launches_[i].number, {}, launch_writes_, [&] { return describe(i); }}, failure);
  }
}

void LaunchLog::collect(size_t launch) {
  const auto copy = [](const std::vector<KeptAccess>& kept, size_t begin, size_t end, std::vector<Access>& accesses) {
    accesses.clear();
    for (size_t i = begin; i < end; ++i) accesses.push_back({kept[i].range, kept[i].failed.get(), kept[i].state});
  };
  copy(reads_, launches_[launch].first_read, reads_end(launch), launch_reads_);
  copy(writes_, launches_[launch].first_write, writes_end(launch), launch_writes_);
}

void LaunchLog::clear(std::vector<FaultCheck>& retired) {
  launches_.clear();
  reads_.clear();
  writes_.clear();
  specs_.clear();
  for (FaultCheck& check : checks_)
    if (check.on_host) retired.push_back(std::move(check));
  checks_.clear();
}

size_t LaunchLog::reads_end(size_t launch) const {
  return launch + 1 < launches_.size() ? launches_[launch + 1].first_read : reads_.size();
}

size_t LaunchLog::writes_end(size_t launch) const {
  return launch + 1 < launches_.size() ? launches_[launch + 1].first_write : writes_.size();
}

}  // namespace temper
