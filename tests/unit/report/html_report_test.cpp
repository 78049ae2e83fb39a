#include "train/report/html_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <string>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "sample_report.h"
#include "test_folder.h"

namespace temper::train {
namespace {

using testing::hostile_report;
using testing::sample_report;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

/// The d attribute of the path with this id; empty when there is none.
std::string path_of(const std::string& html, const std::string& id) {
  const size_t at = html.find("<path id=\"" + id + "\"");
  if (at == std::string::npos) return "";
  const size_t begin = html.find(" d=\"", at) + 4;
  return html.substr(begin, html.find('"', begin) - begin);
}

size_t points_of(const std::string& html, const std::string& id) {
  const std::string path = path_of(html, id);
  return static_cast<size_t>(std::count_if(path.begin(), path.end(), [](char c) { return c == 'M' || c == 'L'; }));
}

/// Elements opened and not closed, or closed out of order; empty when the page is balanced. Scripts and styles are
/// skipped as the parser does: up to their end tag.
std::string unbalanced(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    const size_t end = html.find('>', at);
    if (end == std::string::npos) return "'<' without '>'";
    const std::string tag = html.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag[0] == '!' || tag.back() == '/') continue;
    const std::string name = tag.substr(tag[0] == '/' ? 1 : 0, tag.find(' ') - (tag[0] == '/' ? 1 : 0));
    if (name == "meta") continue;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != name) return "</" + name + "> closes " + (open.empty() ? "" : open.back());
      open.pop_back();
      continue;
    }
    open.push_back(name);
    if (name == "script" || name == "style") at = html.find("</" + name, at);
  }
  return open.empty() ? "" : "open: " + open.back();
}

/// Pages to look at, and for tests/long/report_browser_check.sh, beside the test program.
std::filesystem::path viewing_folder() {
  const std::filesystem::path program = ::testing::internal::GetArgvs().at(0);
  const auto folder = program.parent_path() / "report";
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(HtmlReport, PagesAreWrittenForViewing) {
  ReportData one_step = sample_report(1);
  one_step.evals.clear();
  write_report(viewing_folder() / "sample.html", sample_report());
  write_report(viewing_folder() / "long.html", sample_report(100'000));
  write_report(viewing_folder() / "hostile.html", hostile_report());
  write_report(viewing_folder() / "one_step.html", one_step);
  write_report(viewing_folder() / "empty.html", {});
  EXPECT_EQ(read_file(viewing_folder() / "sample.html"), render_report(sample_report()));
}

TEST(HtmlReport, ShowsEveryPartOfTheData) {
  const std::string html = render_report(sample_report());
  for (const char* part : {"Text to SQL with SmolLM2-135M",
                           "Validation loss fell from 2.72 to 0.0711 in 600 steps, 7 m 51 s of training.",
                           "SmolLM2-135M-Instruct.Q4_1.gguf",
                           "bf16",
                           "AVX-512-BF16",
                           "2025-01-15",
                           "Execution accuracy",
                           "96.5&nbsp;%",
                           "perplexity 1.07",
                           "2,371",
                           "1.31 GB",
                           "4.88 M",
                           "3.5&nbsp;% of 139 M",
                           "Rows cut",
                           "Trained tokens",
                           "padding 5.2 %",
                           "Lengths, train",
                           "all-linear",
                           "weight decay",
                           "HAVING COUNT(*) &gt;= 5",
                           "differs from expected",
                           "as expected",
                           "temper chat --model models/SmolLM2-135M-Instruct.Q4_1.gguf --adapter runs/text2sql",
                           "temper merge",
                           "--mask-prompt last",
                           "3 of 1,600 rows were longer than the limit"})
    EXPECT_TRUE(has(html, part)) << part;
}

TEST(HtmlReport, CurvesHaveTheirPoints) {
  const std::string html = render_report(sample_report(120));
  for (const char* id : {"curve-loss-0", "curve-loss-1", "curve-lr-0", "curve-grad-norm-0", "curve-speed-0"})
    EXPECT_EQ(points_of(html, id), 120u) << id;
  EXPECT_EQ(points_of(html, "curve-loss-2"), 13u);  // evaluations
}

TEST(HtmlReport, PathsLieWhereTheNumbersSay) {
  ReportData data;
  for (int64_t s = 1; s <= 3; ++s) data.steps.push_back({.step = s, .lr = 0.5 * static_cast<double>(s - 1)});
  // x from 1 to 3, y from 0 (row 1000) to 1 (row 0)
  EXPECT_EQ(path_of(render_report(data), "curve-lr-0"), "M0 1000L500 500L1000 0");
}

TEST(HtmlReport, NothingIsLoadedFromElsewhere) {
  for (const ReportData& data : {sample_report(), hostile_report()}) {
    const std::string html = render_report(data);
    EXPECT_FALSE(has(html, "http:") || has(html, "https:") || has(html, "//cdn"));
    EXPECT_FALSE(has(html, "<link") || has(html, "<img") || has(html, "<iframe") || has(html, "@import"));
    EXPECT_FALSE(has(html, "url("));
  }
}

TEST(HtmlReport, OnlyOurScriptMayRun) {
  const std::string html = render_report(hostile_report());
  EXPECT_TRUE(has(html, "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
  // One script that runs, and one block of numbers for each of the four charts.
  EXPECT_EQ(count_of(html, "<script>"), 1u);
  EXPECT_EQ(count_of(html, "<script"), 5u);
  EXPECT_EQ(count_of(html, "</script"), 5u);
  EXPECT_EQ(count_of(html, "</style"), 1u);
  EXPECT_TRUE(has(html, "&lt;/script&gt;&lt;script&gt;console.error(&#39;attacked&#39;)"));
}

TEST(HtmlReport, PagesAreBalanced) {
  ReportData one_step = sample_report(1);
  one_step.evals.clear();
  for (const ReportData& data : {sample_report(), hostile_report(), one_step, ReportData{}})
    EXPECT_EQ(unbalanced(render_report(data)), "");
}

TEST(HtmlReport, IdsAreUnique) {
  const std::string html = render_report(hostile_report());
  std::vector<std::string> ids;
  for (size_t at = 0; (at = html.find(" id=\"", at)) != std::string::npos; ++at)
    ids.push_back(html.substr(at + 5, html.find('"', at + 5) - at - 5));
  EXPECT_GT(ids.size(), 10u);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST(HtmlReport, ReadOutDataIsJson) {
  const std::string html = render_report(hostile_report());
  const std::string begin = "<script type=\"application/json\">";
  size_t blocks = 0;
  for (size_t at = 0; (at = html.find(begin, at)) != std::string::npos; ++blocks) {
    at += begin.size();
    const Json json = parse_json(html.substr(at, html.find("</script>", at) - at), "block");
    EXPECT_EQ(json["x"].size(), 2u);
    for (const Json& series : json["series"]) EXPECT_GT(series["xy"].size(), 1u);
  }
  EXPECT_EQ(blocks, 4u);
}

TEST(HtmlReport, WhiteSpaceOfSamplesIsKept) {
  ReportData data;
  data.samples = {{"\n  two  spaces\n", "\ttab", "end ", ""}};
  const std::string html = render_report(data);
  EXPECT_TRUE(
      has(html, "<pre tabindex=\"0\" role=\"group\" aria-label=\"Prompt\" dir=\"auto\">\n\n  two  spaces\n</pre>"));
  EXPECT_TRUE(has(html, ">\n\ttab</pre>"));
  EXPECT_TRUE(has(html, ">\nend </pre>"));
  EXPECT_FALSE(has(html, "Expected"));
}

TEST(HtmlReport, LongTextsAndManySamplesAreCutAndSaySo) {
  ReportData data;
  for (int i = 0; i < 200; ++i) data.samples.push_back({std::string(50'000, '&'), "a", "b", "c"});
  const std::string html = render_report(data);
  EXPECT_LT(html.size(), 600'000u);
  EXPECT_TRUE(has(html, "44,000 more bytes not shown"));
  EXPECT_TRUE(has(html, "more samples left out to keep this page small"));
}

TEST(HtmlReport, AHundredThousandStepsStaySmallAndQuick) {
  ReportData data = sample_report(100'000);
  data.steps[54'321].loss = 77;
  for (int64_t s = 1; s <= 20'000; ++s) data.evals.push_back({.step = s + 100'000, .loss = 1, .perplexity = 2.7});
  const auto begin = std::chrono::steady_clock::now();
  const std::string html = render_report(data);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(html.size(), 1'000'000u);
  EXPECT_LT(seconds.count(), 5);
  EXPECT_TRUE(has(html, "54322,77,")) << "the highest loss is lost";
  EXPECT_GT(points_of(html, "curve-loss-0"), 1000u);
}

TEST(HtmlReport, NonFiniteValuesAreMarkedAndCounted) {
  ReportData data = sample_report(50);
  data.steps[16].loss = kNan;
  const std::string html = render_report(data);
  EXPECT_TRUE(has(html, "1 step with a loss or gradient that is not finite, the first at step 17"));
  EXPECT_EQ(points_of(html, "curve-loss-0"), 49u);
  EXPECT_EQ(count_of(html, "class=\"bad\""), 1u);
  EXPECT_FALSE(has(html, ">nan") || has(html, "nan\"") || has(html, " nan")) << "a number reads nan";
}

TEST(HtmlReport, OnlyNonFiniteValuesDrawNoCurve) {
  ReportData data;
  data.steps = {{.step = 1, .loss = kNan, .lr = kNan, .grad_norm = kNan, .tokens_per_s = kNan}};
  const std::string html = render_report(data);
  EXPECT_TRUE(has(html, "Training loss is not finite after 1 step."));
  EXPECT_EQ(count_of(html, "No finite values."), 4u);
}

TEST(HtmlReport, ExtremeNumbersKeepCoordinatesInsideThePlot) {
  constexpr double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
  for (const auto& losses : {std::vector{most, -most, 0.0}, {least, most, 1.0}, {least, least}, {-1.0, -1.0}}) {
    ReportData data;
    for (size_t i = 0; i < losses.size(); ++i)
      data.steps.push_back({.step = static_cast<int64_t>(i + 1), .loss = losses[i], .grad_norm = losses[i]});
    const std::string html = render_report(data);
    EXPECT_EQ(points_of(html, "curve-loss-0"), losses.size());
    EXPECT_FALSE(has(path_of(html, "curve-loss-0"), "n")) << path_of(html, "curve-loss-0");
    EXPECT_EQ(unbalanced(html), "");
  }
}

TEST(HtmlReport, EmptyDataMakesAPage) {
  const std::string html = render_report({});
  EXPECT_TRUE(has(html, "<title>Training report</title>"));
  EXPECT_TRUE(has(html, "No training step was recorded."));
  for (const char* part : {"<h2>", "<figure", "class=\"numbers\"", "class=\"origin\"", "class=\"notes\""})
    EXPECT_FALSE(has(html, part)) << part;
}

TEST(HtmlReport, LossThatRisesIsSaidToRise) {
  ReportData data;
  data.steps = {{.step = 1, .loss = 1}};
  data.evals = {{.step = 0, .loss = 1, .perplexity = 2.72}, {.step = 1, .loss = 1.5, .perplexity = 4.48}};
  const std::string html = render_report(data);
  EXPECT_TRUE(has(html, "Validation loss rose from 1 to 1.5 in 1 step."));
  EXPECT_TRUE(has(html, "perplexity 4.48, lowest 1 at step 0"));
}

TEST(HtmlReport, HeadlinesAreAddedAndReplaced) {
  testing::TestFolder folder;
  const auto path = folder / "report.html";
  ReportData data = sample_report(20);
  data.headlines.clear();
  write_report(path, data);
  add_headline(path, {"Score <b>", "12.5 %", "3 of 24"});
  data.headlines = {{"Score <b>", "12.5 %", "3 of 24"}};
  EXPECT_EQ(read_file(path), render_report(data)) << "as if it had been known from the start";
  add_headline(path, {"Score <b>", "25 %", ""});
  data.headlines = {{"Score <b>", "25 %", ""}};
  EXPECT_EQ(read_file(path), render_report(data));
}

TEST(HtmlReport, AHeadlineNeedsAReport) {
  testing::TestFolder folder;
  testing::write_text(folder / "page.html", "<!DOCTYPE html><p>another page");
  EXPECT_THROW(add_headline(folder / "page.html", {"a", "b", ""}), Error);
  EXPECT_THROW(add_headline(folder / "missing.html", {"a", "b", ""}), Error);
}

TEST(HtmlReport, AFileThatCannotBeWrittenIsAnError) {
  testing::TestFolder folder;
  EXPECT_THROW(write_report(folder / "no/folder/report.html", {}), Error);
}

}  // namespace
}  // namespace temper::train
