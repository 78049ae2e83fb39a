#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "base/file.h"
#include "train/report/html_text.h"
#include "train/report/report_sections.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Escaped, with each percent sign kept on the line of its number.
std::string unbroken(const std::string& text) {
  std::string html = escape_html(text);
  for (size_t at = 0; (at = html.find(" %", at)) != std::string::npos;) html.replace(at, 1, "&nbsp;");
  return html;
}

constexpr std::string_view kHeadlines = "<dl class=\"numbers\">\n", kHeadlineEnd = "</div>\n";

std::string headline_start(const std::string& label) {
  return fmt::format("<div><dt>{}</dt>", escape_html(label));
}

std::string headline(const ReportHeadline& h) {
  return fmt::format("{}<dd class=\"value\">{}</dd>{}{}", headline_start(h.label), unbroken(h.value),
                     h.note.empty() ? "" : fmt::format("<dd class=\"note\">{}</dd>", unbroken(h.note)), kHeadlineEnd);
}

/// Target-weighted mean over the last ten steps, as `train --log-json` reports it.
double last_train_loss(const ReportData& data) {
  double sum = 0, weight = 0;
  for (size_t i = data.steps.size() - std::min<size_t>(10, data.steps.size()); i < data.steps.size(); ++i) {
    const auto targets = static_cast<double>(std::max<int64_t>(1, data.steps[i].target_tokens));
    sum += targets * data.steps[i].loss;
    weight += targets;
  }
  return weight > 0 ? sum / weight : kMissing;
}

double median_step_ms(const ReportData& data) {
  std::vector<double> times;
  for (const StepMetrics& m : data.steps)
    if (std::isfinite(m.step_ms) && m.step_ms > 0) times.push_back(m.step_ms);
  if (times.empty()) return kMissing;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

const EvalMetrics* best_eval(const ReportData& data) {
  const EvalMetrics* best = nullptr;
  for (const EvalMetrics& e : data.evals)
    if (std::isfinite(e.loss) && (best == nullptr || e.loss < best->loss)) best = &e;
  return best;
}

std::string steps_text(int64_t steps) {
  return fmt::format("{} step{}", count_text(steps), steps == 1 ? "" : "s");
}

/// The outcome in one sentence, from the validation loss when there is one.
std::string lead_sentence(const ReportData& data) {
  if (data.steps.empty()) return "No training step was recorded.";
  const bool validated = data.evals.size() > 1;
  const double first = validated ? data.evals.front().loss : data.steps.front().loss;
  const double last = validated ? data.evals.back().loss : last_train_loss(data);
  const char* which = validated ? "Validation" : "Training";
  const std::string steps = steps_text(static_cast<int64_t>(data.steps.size()));
  if (!std::isfinite(first) || !std::isfinite(last))
    return fmt::format("{} loss is not finite after {}.", which, steps);
  const char* verb = last < first ? "fell" : last > first ? "rose" : "stayed";
  if (data.steps.size() == 1 && !validated)
    return fmt::format("Training loss was {} in 1 step.", number_text(first, 3));
  return fmt::format("{} loss {} from {} to {} in {}{}.", which, verb, number_text(first, 3), number_text(last, 3),
                     steps,
                     std::isfinite(data.train_seconds) && data.train_seconds > 0
                         ? fmt::format(", {} of training", duration_text(data.train_seconds))
                         : "");
}

std::vector<ReportHeadline> computed_headlines(const ReportData& data) {
  std::vector<ReportHeadline> all = data.headlines;
  if (const EvalMetrics* best = best_eval(data)) {
    const EvalMetrics& last = data.evals.back();
    std::string note = "perplexity " + number_text(last.perplexity, 3);
    if (best->step != last.step) note += fmt::format(", lowest {} at step {}", number_text(best->loss, 3), best->step);
    all.push_back({"Validation loss", number_text(last.loss, 3), note});
  }
  if (!data.steps.empty()) {
    all.push_back({"Training loss", number_text(last_train_loss(data), 3),
                   data.steps.size() == 1
                       ? "of the only step"
                       : fmt::format("mean of the last {} steps", std::min<size_t>(10, data.steps.size()))});
    int64_t targets = 0;
    for (const StepMetrics& m : data.steps) targets += m.target_tokens;
    all.push_back({"Trained tokens", short_count_text(static_cast<double>(targets)),
                   "in " + steps_text(static_cast<int64_t>(data.steps.size()))});
  }
  if (data.tokens_per_s > 0) {
    const double ms = median_step_ms(data);
    all.push_back({"Tokens per second", count_text(std::llround(std::min(data.tokens_per_s, 1e15))),
                   std::isfinite(ms) ? "median step " + duration_text(ms / 1000) : ""});
  }
  if (data.total_seconds > 0)
    all.push_back({"Total time", duration_text(data.total_seconds),
                   std::isfinite(data.train_seconds) && data.train_seconds > 0
                       ? duration_text(data.train_seconds) + " in training steps"
                       : ""});
  else if (data.train_seconds > 0)
    all.push_back({"Training time", duration_text(data.train_seconds), ""});
  if (data.peak_rss_bytes > 0) all.push_back({"Peak memory", bytes_text(data.peak_rss_bytes), "resident set"});
  if (data.trainable_parameters > 0) {
    const auto trainable = static_cast<double>(data.trainable_parameters);
    const auto total = static_cast<double>(data.total_parameters);
    all.push_back({"Trainable parameters", short_count_text(trainable),
                   total > 0 ? fmt::format("{} of {}", percent_text(trainable / total), short_count_text(total)) : ""});
  }
  return all;
}

std::vector<std::string> warnings(const ReportData& data) {
  std::vector<std::string> notes = data.notes;
  const auto bad = [](const StepMetrics& m) { return !std::isfinite(m.loss) || !std::isfinite(m.grad_norm); };
  const auto count = std::count_if(data.steps.begin(), data.steps.end(), bad);
  if (count > 0)
    notes.push_back(
        fmt::format("{} with a loss or gradient that is not finite, the first at step {}; marked red below the "
                    "curves.",
                    steps_text(count), std::find_if(data.steps.begin(), data.steps.end(), bad)->step));
  for (const SplitStats& s : data.splits) {
    if (s.rows_cut > 0)
      notes.push_back(fmt::format("{}: {} of {} rows were longer than the limit and cut at its end.", s.name,
                                  count_text(s.rows_cut), count_text(s.rows)));
    if (s.rows_skipped > 0)
      notes.push_back(fmt::format("{}: {} rows were left out.", s.name, count_text(s.rows_skipped)));
  }
  return notes;
}

}  // namespace

std::string header_section(const ReportData& data) {
  const std::string title = data.title.empty() ? "Training report" : data.title;
  std::string html = fmt::format("<header>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape_html(title),
                                 escape_html(lead_sentence(data)));
  std::string origin;
  for (const std::string* part : {&data.model, &data.dtype, &data.machine, &data.created})
    if (!part->empty()) origin += fmt::format("<span>{}</span>", escape_html(*part));
  if (!origin.empty()) html += fmt::format("<p class=\"origin\">{}</p>\n", origin);
  if (const auto notes = warnings(data); !notes.empty()) {
    html += "<ul class=\"notes\">";
    for (const std::string& n : notes) html += fmt::format("<li>{}</li>", escape_html(n));
    html += "</ul>\n";
  }
  if (const auto headlines = computed_headlines(data); !headlines.empty()) {
    html += kHeadlines;
    for (const ReportHeadline& h : headlines) html += headline(h);
    html += "</dl>\n";
  }
  return html + "</header>\n";
}

void add_headline(const std::filesystem::path& path, const ReportHeadline& added) {
  std::string html = read_file(path);
  const size_t list = html.find(kHeadlines);
  if (list == std::string::npos)
    fail(ErrorCode::format, "{}: not a report of temper train, or one without numbers", path.string());
  const size_t first = list + kHeadlines.size(), end = html.find("</dl>", first);
  if (const size_t old = html.find(headline_start(added.label), first); old < end)
    html.erase(old, html.find(kHeadlineEnd, old) + kHeadlineEnd.size() - old);
  html.insert(first, headline(added));
  write_file_atomic(path, html);
}

}  // namespace temper::train
