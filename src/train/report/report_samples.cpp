#include <fmt/format.h>

#include <algorithm>

#include "train/report/html_text.h"
#include "train/report/report_sections.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

// Together they keep the page well below a megabyte.
constexpr size_t kMostTextBytes = 6000;
constexpr size_t kMostSampleBytes = 400'000;

/// Without spaces at the ends, and runs of white space as one space.
std::string normal_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string sample_text(std::string_view text, std::string_view label) {
  const std::string_view shown = clip_utf8(text, kMostTextBytes);
  // The parser drops a line feed right after <pre>; tabindex lets the keyboard scroll long texts.
  std::string html = fmt::format("<pre tabindex=\"0\" role=\"group\" aria-label=\"{}\" dir=\"auto\">\n{}</pre>", label,
                                 escape_html(shown));
  if (text.empty()) html = "<p class=\"quiet\">empty</p>";
  if (shown.size() < text.size())
    html += fmt::format("<p class=\"quiet\">{} more bytes not shown</p>",
                        count_text(static_cast<int64_t>(text.size() - shown.size())));
  return html;
}

std::string verdict(const std::string& reply, const ReportSample& sample) {
  if (sample.expected.empty()) return "";
  if (normal_spaces(reply) == normal_spaces(sample.expected)) return "<em class=\"good\">\xe2\x9c\x93 as expected</em>";
  return "<em>differs from expected</em>";
}

std::string sample_card(const ReportSample& sample, size_t number) {
  std::string html = fmt::format("<article class=\"card sample\"><h3>Sample {}</h3>\n{}\n<div class=\"replies\">",
                                 number, sample_text(sample.prompt, "Prompt"));
  html += fmt::format("<div><h4>Before {}</h4>{}</div>\n", verdict(sample.before, sample),
                      sample_text(sample.before, "Before"));
  html += fmt::format("<div class=\"after\"><h4>After {}</h4>{}</div>\n", verdict(sample.after, sample),
                      sample_text(sample.after, "After"));
  if (!sample.expected.empty())
    html += fmt::format("<div><h4>Expected</h4>{}</div>\n", sample_text(sample.expected, "Expected"));
  return html + "</div></article>\n";
}

}  // namespace

std::string samples_section(const ReportData& data) {
  if (data.samples.empty()) return "";
  std::string cards;
  size_t shown = 0;
  for (; shown < data.samples.size(); ++shown) {
    std::string card = sample_card(data.samples[shown], shown + 1);
    if (cards.size() + card.size() > kMostSampleBytes) break;
    cards += card;
  }
  std::string html =
      "<section>\n<h2>Samples <small>replies of the base model and with the adapter</small></h2>\n" + cards;
  if (shown < data.samples.size())
    html += fmt::format("<p class=\"quiet\">{} more samples left out to keep this page small.</p>\n",
                        count_text(static_cast<int64_t>(data.samples.size() - shown)));
  return html + "</section>\n";
}

}  // namespace temper::train
