// Tests collect the reports they provoke and compare them with what they planted.
#pragma once
#include <gtest/gtest.h>
#include <metalhost/report.h>

#include <Foundation/Foundation.hpp>
#include <string>

// Collects reports for a test, inside an autorelease pool; leftovers fail it.
class Contracts : public ::testing::Test {
 protected:
  void SetUp() override {
    metalhost::set_on_report(metalhost::OnReport::collect);
    metalhost::take_reports();
    pool_ = NS::AutoreleasePool::alloc()->init();
  }
  void TearDown() override {
    pool_->release();
    for (const auto& report : metalhost::take_reports()) ADD_FAILURE() << "unexpected report: " << report.text();
  }

  // Exactly one report, with this rule, object (its beginning), message, and a call site in the statement that ends on
  // `line`.
  static void expect_report(const std::string& rule, const std::string& object, const std::string& message,
                            const char* file, int line) {
    auto reports = metalhost::take_reports();
    ASSERT_EQ(reports.size(), 1u) << (reports.empty() ? "nothing was reported" : reports[1].text());
    const auto& report = reports[0];
    EXPECT_EQ(report.rule, rule) << report.text();
    EXPECT_EQ(report.object.substr(0, object.size()), object) << report.text();
    EXPECT_EQ(report.message, message) << report.text();
    // Compilers differ in which line of a statement that takes several they name.
    std::string path = file, name = path.substr(path.rfind('/') + 1) + ":";
    bool is_site = false;
    for (int l = line - 2; l <= line; ++l) is_site |= report.site == name + std::to_string(l);
    EXPECT_TRUE(is_site) << "not at " << name << line << ": " << report.text();
    EXPECT_FALSE(report.detail.empty());
  }

  NS::AutoreleasePool* pool_ = nullptr;
};

// The statement must be reported: EXPECT_REPORT("use-after-release", "MTLBuffer #", "-[MTLBuffer length]",
// b->length());
#define EXPECT_REPORT(rule, object, message, statement)       \
  do {                                                        \
    statement;                                                \
    expect_report(rule, object, message, __FILE__, __LINE__); \
  } while (false)
