// How reports are delivered, leaks at exit, and that each rule has a test that breaks it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/metal.h"

namespace {

class Delivery : public MetalTest {};

// These run the program again and watch it end.
class DeliveryDeathTest : public MetalTest {
 protected:
  void SetUp() override {
    ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
    MetalTest::SetUp();
  }
};

TEST_F(Delivery, RaiseThrowsFromTheCall) {
  metalhost::set_on_report(metalhost::OnReport::raise);
  auto* command_buffer = queue_->commandBuffer();
  try {
    command_buffer->waitUntilCompleted();
    FAIL() << "nothing was thrown";
  } catch (const metalhost::ContractViolation& violation) {
    EXPECT_EQ(violation.report().rule, "wait-before-commit");
    EXPECT_NE(std::string(violation.what()).find("delivery.cpp:"), std::string::npos) << violation.what();
  }
}

TEST_F(Delivery, WhatDestructorsFindIsThrownByTheNextMessage) {
  metalhost::set_on_report(metalhost::OnReport::raise);
  auto* pool = NS::AutoreleasePool::alloc()->init();
  queue_->commandBuffer()->computeCommandEncoder();
  pool->release();
  EXPECT_THROW((void)device_->name(), metalhost::ContractViolation);
}

TEST_F(DeliveryDeathTest, AbortPrintsTheReport) {
  EXPECT_DEATH(
      {
        metalhost::set_on_report(metalhost::OnReport::abort);
        queue_->commandBuffer()->waitUntilCompleted();
      },
      "\\[wait-before-commit\\] MTLCommandBuffer #[0-9]+, -\\[MTLCommandBuffer waitUntilCompleted\\], at "
      "delivery.cpp:[0-9]+");
}

TEST_F(DeliveryDeathTest, LeaksAreReportedAtExit) {
  EXPECT_EXIT(
      {
        new_buffer(16)->setLabel(MTLSTR("forgotten"));
        std::exit(0);
      },
      ::testing::ExitedWithCode(1), "\\[leak\\] MTLBuffer #[0-9]+ 'forgotten', at metal.h:[0-9]+");
}

TEST_F(DeliveryDeathTest, ACleanProgramExitsWithItsOwnStatus) {
  EXPECT_EXIT(
      {
        library_->release();
        queue_->release();
        pool_->release();
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

TEST_F(Delivery, LeaksCanBeListed) {
  auto* buffer = new_buffer(16);
  bool found = false;
  for (const auto& leak : metalhost::find_leaks())
    found |= leak.object.starts_with("MTLBuffer") && leak.references == 1;
  EXPECT_TRUE(found);
  buffer->release();
}

// Every rule must appear in an EXPECT_REPORT, an expect_report or a death test somewhere in the tests.
TEST(Rules, EachHasATestThatBreaksIt) {
  std::string tests;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(METALHOST_TESTS)) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    tests += text.str();
  }
  EXPECT_GE(metalhost::rules().size(), 40u);
  for (const auto& rule : metalhost::rules()) {
    std::string quoted = '"' + std::string(rule.name) + '"', in_death_test = "[" + std::string(rule.name) + "\\\\]";
    EXPECT_TRUE(tests.find(quoted) != tests.npos || tests.find(in_death_test) != tests.npos)
        << "no test plants a violation of " << rule.name;
  }
}

}  // namespace
