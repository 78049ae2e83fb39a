#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "train/report/chart.h"
#include "train/report/html_text.h"
#include "train/report/report_sections.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

int64_t median_of(std::vector<int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// Measures as rows and splits as columns: three splits fit a phone.
std::string split_table(const std::vector<SplitStats>& splits) {
  std::string html = "<div class=\"card scroll\"><table><thead><tr><th scope=\"col\"></th>";
  for (const SplitStats& s : splits) html += fmt::format("<th scope=\"col\">{}</th>", escape_html(s.name));
  html += "</tr></thead><tbody>\n";
  const auto row = [&](const char* name, auto&& value) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", name);
    for (const SplitStats& s : splits) html += fmt::format("<td>{}</td>", value(s));
    html += "</tr>\n";
  };
  const auto any = [&](auto&& test) { return std::any_of(splits.begin(), splits.end(), test); };
  row("Rows", [](const SplitStats& s) { return count_text(s.rows); });
  row("Tokens", [](const SplitStats& s) { return count_text(s.tokens); });
  row("Trained tokens", [](const SplitStats& s) { return count_text(s.trained_tokens); });
  if (any([](const SplitStats& s) { return !s.row_lengths.empty(); })) {
    row("Median length, tokens",
        [](const SplitStats& s) { return s.row_lengths.empty() ? "" : count_text(median_of(s.row_lengths)); });
    row("Longest row, tokens", [](const SplitStats& s) {
      return s.row_lengths.empty() ? "" : count_text(*std::max_element(s.row_lengths.begin(), s.row_lengths.end()));
    });
  }
  row("Rows cut", [](const SplitStats& s) { return count_text(s.rows_cut); });
  if (any([](const SplitStats& s) { return s.rows_skipped > 0; }))
    row("Rows left out", [](const SplitStats& s) { return count_text(s.rows_skipped); });
  row("Padding", [](const SplitStats& s) { return percent_text(s.padding_waste); });
  return html + "</tbody></table></div>\n";
}

/// What the computed tokens of a split were: trained, context only, padding.
std::string token_shares(const SplitStats& split) {
  const double padding = std::clamp(split.padding_waste, 0.0, 1.0);
  const std::string padding_bar =
      padding > 0 ? fmt::format("<i class=\"padding\" style=\"flex:{:.4f}\"></i>", padding) : "";
  const double trained = std::clamp(share(split.trained_tokens, split.tokens), 0.0, 1.0) * (1 - padding);
  const double context = std::max(0.0, 1 - padding - trained);
  return fmt::format(
      "<div class=\"share\"><span>{}</span><div class=\"stack\" aria-hidden=\"true\"><i style=\"flex:{:.4f}\"></i>"
      "<i class=\"context\" style=\"flex:{:.4f}\"></i>{}</div>"
      "<p class=\"key\"><span><i></i>trained {}</span><span><i class=\"context\"></i>context only {}</span>"
      "<span><i class=\"padding\"></i>padding {}</span></p></div>\n",
      escape_html(split.name), trained, context, padding_bar, percent_text(trained), percent_text(context),
      percent_text(padding));
}

}  // namespace

std::string data_section(const ReportData& data) {
  if (data.splits.empty()) return "";
  std::string html = "<section>\n<h2>Data</h2>\n" + split_table(data.splits);

  std::string shares;
  for (const SplitStats& s : data.splits)
    if (s.tokens > 0) shares += token_shares(s);
  const auto padded = [](const SplitStats& s) { return s.padding_waste != 0; };
  if (std::none_of(data.splits.begin(), data.splits.end(), padded))
    shares += "<p class=\"quiet\">Rows lie end to end in a batch, whatever their lengths: nothing is padded.</p>";
  if (!shares.empty()) html += "<div class=\"card\"><h3>Where the computed tokens went</h3>" + shares + "</div>\n";

  int64_t low = std::numeric_limits<int64_t>::max(), high = 0;
  for (const SplitStats& s : data.splits)
    for (const int64_t length : s.row_lengths) {
      low = std::min(low, length);
      high = std::max(high, length);
    }
  std::string histograms;
  for (size_t i = 0; i < data.splits.size(); ++i) {
    const SplitStats& s = data.splits[i];
    if (s.row_lengths.empty()) continue;
    histograms += histogram_html({.id = fmt::format("lengths-{}", i),
                                  .title = "Lengths, " + s.name,
                                  .unit = "rows",
                                  .x_name = "tokens in a row",
                                  .values = s.row_lengths,
                                  .low = low,
                                  .high = high});
  }
  if (!histograms.empty()) html += "<div class=\"grid\">" + histograms + "</div>\n";
  return html + "</section>\n";
}

}  // namespace temper::train
