// Signposts: what the event log shows of them, and intervals that don't pair.
#include <metalhost/event_log.h>
#include <os/signpost.h>

#include "support/reports.h"

namespace {

class Signposts : public Contracts {
 protected:
  os_log_t log_ = os_log_create("metalhost.tests", OS_LOG_CATEGORY_POINTS_OF_INTEREST);
};

TEST_F(Signposts, AreInTheEventLog) {
  metalhost::start_event_log();
  const os_signpost_id_t id = os_signpost_id_generate(log_);
  ASSERT_TRUE(os_signpost_enabled(log_));
  os_signpost_interval_begin(log_, id, "load", "%{public}s, %d bytes", "weights", 12);
  os_signpost_event_emit(log_, id, "page");
  os_signpost_interval_end(log_, id, "load", "%u%%", 100u);
  const auto events = metalhost::stop_event_log();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].kind, metalhost::EventKind::signpost_begin);
  EXPECT_EQ(events[0].object, "metalhost.tests/PointsOfInterest");
  EXPECT_EQ(events[0].detail, "load: weights, 12 bytes");
  EXPECT_EQ(events[1].kind, metalhost::EventKind::signpost_event);
  EXPECT_EQ(events[1].detail, "page");
  EXPECT_EQ(events[2].kind, metalhost::EventKind::signpost_end);
  EXPECT_EQ(events[2].detail, "load: 100%");
  for (const auto& event : events) EXPECT_EQ(event.serial, id);
}

TEST_F(Signposts, OneNameIsOneLog) {
  EXPECT_EQ(os_log_create("metalhost.tests", OS_LOG_CATEGORY_POINTS_OF_INTEREST), log_);
  EXPECT_NE(os_log_create("metalhost.tests", "another"), log_);
}

TEST_F(Signposts, AnIntervalThatWasNeverBegun) {
  const os_signpost_id_t id = os_signpost_id_generate(log_);
  EXPECT_REPORT("signposts", "signpost 'step' ", "", os_signpost_interval_end(log_, id, "step"));
}

TEST_F(Signposts, TwoIntervalsOfOneId) {
  const os_signpost_id_t id = os_signpost_id_generate(log_), other = os_signpost_id_generate(log_);
  os_signpost_interval_begin(log_, id, "step");
  os_signpost_interval_begin(log_, other, "step");
  EXPECT_REPORT("signposts", "signpost 'step' ", "", os_signpost_interval_begin(log_, id, "step"));
  os_signpost_interval_end(log_, id, "step");
  os_signpost_interval_end(log_, other, "step");
}

TEST_F(Signposts, ADisabledLogOrIdIsIgnored) {
  os_signpost_interval_end(nullptr, os_signpost_id_generate(log_), "step");
  os_signpost_interval_end(log_, OS_SIGNPOST_ID_NULL, "step");
  EXPECT_FALSE(os_signpost_enabled(nullptr));
}

}  // namespace
