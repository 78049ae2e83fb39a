#include "train/report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "base/fail.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

constexpr double kRedrawS = 0.1;
constexpr double kPlainMinS = 5, kPlainMaxS = 60;
constexpr int64_t kShortRunSteps = 20;
constexpr double kKeep = 0.9;  // exponential smoothing: about the last ten steps

/// A piece of the live line. When the terminal is narrow, those of the highest `drop` go first.
struct Segment {
  std::string text;
  int drop;
};

/// Columns taken by UTF-8 text, counting a code point as one.
int columns_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string first_columns(std::string_view text, int columns) {
  size_t end = 0;
  for (int seen = 0; end < text.size(); ++end) {
    const bool starts_character = (text[end] & 0xc0) != 0x80;
    if (starts_character && seen++ == columns) break;
  }
  return std::string(text.substr(0, end));
}

std::string joined(const std::vector<Segment>& segments) {
  std::string line;
  for (const Segment& s : segments) line.append(line.empty() ? "" : "  ").append(s.text);
  return line;
}

std::string fitted(std::vector<Segment> segments, int columns) {
  std::string line = joined(segments);
  while (segments.size() > 1 && columns_of(line) > columns) {
    const auto worst = std::max_element(segments.begin(), segments.end(),
                                        [](const Segment& a, const Segment& b) { return a.drop < b.drop; });
    segments.erase(worst);
    line = joined(segments);
  }
  return first_columns(line, columns);
}

std::string bar_text(int64_t done, int64_t total, int cells) {
  const int64_t full = std::clamp<int64_t>(done * cells / total, 0, cells);
  return fmt::format("[{:<{}}]", std::string(static_cast<size_t>(full), '='), cells);
}

std::string step_text(int64_t step, int64_t total) {
  if (total <= 0) return fmt::format("step {}", step);
  return fmt::format("step {:>{}}/{}", step, std::to_string(total).size(), total);
}

std::string loss_text(double loss) {
  return std::isfinite(loss) ? fmt::format("{:.4f}", loss) : number_text(loss);
}

std::string speed_text(double tokens_per_s) {
  return fmt::format("{} tokens/s", std::isfinite(tokens_per_s) && std::abs(tokens_per_s) < 1e15
                                        ? count_text(std::llround(tokens_per_s))
                                        : number_text(tokens_per_s));
}

int terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

ProgressOutput stderr_progress_output() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return {
      .terminal = ::isatty(STDERR_FILENO) == 1 && !dumb,
      .write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); },
      .width = terminal_columns,
      .now_s =
          [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }};
}

Progress::Progress(ProgressOutput output, int64_t total_steps, int64_t first_step)
    : out_(std::move(output)), total_(total_steps), first_(first_step) {
  TEMPER_ASSERT(out_.write && out_.width && out_.now_s);
  last_.step = first_step;
  last_.loss = std::numeric_limits<double>::quiet_NaN();
}

Progress::~Progress() {
  finish();
}

void Progress::smooth(const StepMetrics& m) {
  const auto mix = [](double old, double now) { return std::isfinite(old) ? kKeep * old + (1 - kKeep) * now : now; };
  // A run's first step also prepares weights and buffers: its time says little about the others.
  const bool restart = seen_ <= 2;
  smoothed_tokens_ = restart ? static_cast<double>(m.tokens) : mix(smoothed_tokens_, static_cast<double>(m.tokens));
  smoothed_ms_ = restart ? m.step_ms : mix(smoothed_ms_, m.step_ms);
  // A non-finite loss shows as it is, at once.
  smoothed_loss_ = seen_ == 1 || !std::isfinite(m.loss) ? m.loss : mix(smoothed_loss_, m.loss);
}

double Progress::seconds_left() const {
  const auto left = static_cast<double>(total_ - last_.step);
  if (seen_ < 2) return left * last_.step_ms / 1000;
  // Wall time, so that evaluations and checkpoints are part of the estimate.
  return left * (out_.now_s() - first_done_s_) / static_cast<double>(seen_ - 1);
}

std::string Progress::plain_line() const {
  std::string line = fmt::format("{}  loss {}  lr {}  grad norm {}  {}", step_text(last_.step, total_),
                                 loss_text(smoothed_loss_), number_text(last_.lr, 3), number_text(last_.grad_norm, 3),
                                 speed_text(1000 * smoothed_tokens_ / smoothed_ms_));
  if (total_ > last_.step) line += "  " + duration_text(seconds_left()) + " left";
  return line;
}

std::string Progress::live_line(int width) const {
  std::vector<Segment> segments;
  if (total_ > 0) segments.push_back({bar_text(last_.step, total_, 20), 7});
  segments.push_back({step_text(last_.step, total_), 0});
  if (seen_ > 0) {
    segments.push_back({"loss " + loss_text(smoothed_loss_), 1});
    if (has_valid_) segments.push_back({"valid " + loss_text(valid_loss_), 4});
    segments.push_back({"lr " + number_text(last_.lr, 3), 6});
    segments.push_back({speed_text(1000 * smoothed_tokens_ / smoothed_ms_), 5});
    if (total_ > last_.step) segments.push_back({duration_text(seconds_left()) + " left", 2});
  }
  if (!activity_.empty()) segments.push_back({activity_, 3});
  // The last column stays free: text in it makes some terminals wrap.
  return fitted(std::move(segments), std::max(1, width - 1));
}

void Progress::draw() {
  const std::string line = out_.terminal ? fmt::format("\r{}\x1b[K", live_line(out_.width())) : plain_line() + "\n";
  out_.write(line);
  live_ = out_.terminal;
  last_shown_ = true;
  shown_s_ = out_.now_s();
}

void Progress::erase() {
  if (live_) out_.write("\r\x1b[K");
  live_ = false;
}

void Progress::step(const StepMetrics& metrics) {
  if (finished_) return;
  const double now = out_.now_s();
  if (seen_++ == 0) first_done_s_ = now;
  last_ = metrics;
  activity_.clear();
  smooth(metrics);
  last_shown_ = false;
  const double pause_s = out_.terminal ? kRedrawS : std::clamp((now - first_done_s_) / 40, kPlainMinS, kPlainMaxS);
  const bool always = seen_ == 1 || (total_ > 0 && metrics.step >= total_) || !std::isfinite(metrics.loss) ||
                      (!out_.terminal && total_ > 0 && total_ - first_ <= kShortRunSteps);
  if (always || now - shown_s_ >= pause_s) draw();
}

void Progress::eval(const EvalMetrics& m) {
  if (finished_) return;
  valid_loss_ = m.loss;
  has_valid_ = true;
  activity_.clear();
  note(fmt::format("valid  step {}  loss {}  perplexity {}", m.step, loss_text(m.loss), number_text(m.perplexity)));
}

void Progress::activity(std::string_view text) {
  if (finished_ || activity_ == text) return;
  const bool first = activity_.empty();
  activity_ = text;
  if (out_.terminal && (first || !live_ || out_.now_s() - shown_s_ >= kRedrawS)) draw();
}

void Progress::note(std::string_view line) {
  if (finished_) return;
  const bool redraw = live_;
  erase();
  out_.write(std::string(line) + "\n");
  if (redraw) draw();
}

void Progress::finish() {
  if (std::exchange(finished_, true)) return;
  activity_.clear();
  if (out_.terminal) {
    if (live_) out_.write(fmt::format("\r{}\x1b[K\n", live_line(out_.width())));
  } else if (seen_ > 0 && !last_shown_) {
    out_.write(plain_line() + "\n");
  }
}

}  // namespace temper::train
