#include <metalhost/runtime.h>

#include <thread>

#include "support/reports.h"

namespace {

NS::String* new_string() {
  return NS::String::alloc()->init("s", NS::UTF8StringEncoding);
}

class Memory : public Contracts {};

TEST_F(Memory, RetainCountsAreKept) {
  auto* string = new_string();
  EXPECT_EQ(string->retainCount(), 1u);
  string->retain();
  EXPECT_EQ(string->retainCount(), 2u);
  string->release();
  string->release();
}

TEST_F(Memory, UseAfterReleaseIsReported) {
  auto* string = new_string();
  string->release();
  EXPECT_REPORT("use-after-release", "NSString #", "-[NSString length]", (void)string->length());
}

TEST_F(Memory, ADeadArgumentIsReported) {
  auto* dead = new_string();
  auto* alive = new_string();
  dead->release();
  EXPECT_REPORT("use-after-release", "NSString #", "-[NSString isEqualToString:]", (void)alive->isEqualToString(dead));
  alive->release();
}

TEST_F(Memory, OverReleaseIsReported) {
  auto* string = new_string();
  string->release();
  EXPECT_REPORT("over-release", "NSString #", "-[NSString release]", string->release());
}

TEST_F(Memory, OverReleaseOfAnAutoreleasedObjectIsReportedWhenItsPoolDrains) {
  auto* pool = NS::AutoreleasePool::alloc()->init();
  NS::String::string("x", NS::UTF8StringEncoding)->release();
  EXPECT_REPORT("over-release", "NSString #", "-[NSAutoreleasePool release]", pool->release());
}

TEST_F(Memory, UseAfterThePoolIsReported) {
  auto* pool = NS::AutoreleasePool::alloc()->init();
  auto* string = NS::String::string("x", NS::UTF8StringEncoding);
  pool->release();
  EXPECT_REPORT("use-after-pool", "NSString #", "-[NSString length]", (void)string->length());
}

TEST_F(Memory, WhatWasRetainedOutlivesThePool) {
  auto* pool = NS::AutoreleasePool::alloc()->init();
  auto* string = NS::String::string("x", NS::UTF8StringEncoding)->retain();
  pool->release();
  EXPECT_EQ(string->length(), 1u);
  string->release();
}

TEST_F(Memory, AutoreleaseWithoutAPoolIsReported) {
  std::thread([] {
    NS::String* string = nullptr;
    EXPECT_REPORT("no-pool", "NSString #", "+[NSString string]", string = NS::String::string());
    string->release();  // it would leak otherwise
  }).join();
}

TEST_F(Memory, APoolDrainedByAnotherThreadIsReported) {
  auto* pool = NS::AutoreleasePool::alloc()->init();
  std::thread([pool] {
    EXPECT_REPORT("pool-on-other-thread", "NSAutoreleasePool #", "-[NSAutoreleasePool drain]", pool->drain());
  }).join();
}

TEST_F(Memory, AnOuterPoolDrainsTheInnerOnes) {
  auto* outer = NS::AutoreleasePool::alloc()->init();
  NS::AutoreleasePool::alloc()->init();
  NS::String::string();
  outer->release();
}

// Its destructor runs after those of what the thread came to later.
struct LastAct {
  bool* done = nullptr;
  ~LastAct() {
    NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
    NS::String::string();
    pool->release();
    *done = true;
  }
};

TEST_F(Memory, APoolOfTheVeryEndOfAThread) {
  bool done = false;
  std::thread([&] {
    thread_local LastAct last;
    last.done = &done;
    NS::AutoreleasePool::alloc()->init()->release();
  }).join();
  EXPECT_TRUE(done);
}

TEST_F(Memory, ASingletonCannotBeReleasedAway) {
  auto* info = NS::ProcessInfo::processInfo();
  EXPECT_REPORT("over-release", "NSProcessInfo #", "-[NSProcessInfo release]", info->release());
  EXPECT_GT(info->processorCount(), 0u);
}

}  // namespace
