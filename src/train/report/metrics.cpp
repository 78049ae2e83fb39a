#include "train/report/metrics.h"

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"

namespace temper::train {
namespace fs = std::filesystem;
namespace {

OrderedJson metrics_number(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

double read_number(const Json& object, const char* key, std::string_view where) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!it->is_number()) fail(ErrorCode::format, "{}: '{}' is not a number: {}", where, key, it->dump());
  return it->get<double>();
}

int64_t read_count(const Json& object, const char* key, std::string_view where) {
  const auto it = object.find(key);
  if (it == object.end()) fail(ErrorCode::format, "{}: '{}' is missing", where, key);
  if (!it->is_number_integer()) fail(ErrorCode::format, "{}: '{}' is not a whole number: {}", where, key, it->dump());
  return it->get<int64_t>();
}

/// Calls visit(line, json, where) for each line that holds JSON. A last line that doesn't is a torn write.
void for_each_metrics_line(const fs::path& path, std::string_view text,
                           const std::function<void(std::string_view, const Json&, const std::string&)>& visit) {
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const size_t newline = text.find('\n', begin);
    const size_t end = newline == std::string_view::npos ? text.size() : newline;
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    const std::string where = fmt::format("{}:{}", path.string(), number);
    std::optional<Json> json;
    try {
      json = parse_json(line, where);
    } catch (const Error&) {
      if (begin >= text.size()) return;
      throw;
    }
    if (!json->is_object()) fail(ErrorCode::format, "{}: a JSON object is expected on each line", where);
    visit(line, *json, where);
  }
}

/// Drops what a run wrote after the step that it is resumed from.
void cut_back_metrics(const fs::path& path, int64_t resumed_step) {
  const std::string text = read_file(path);
  std::string kept;
  for_each_metrics_line(path, text, [&](std::string_view line, const Json& json, const std::string& where) {
    if (json.contains("step") && read_count(json, "step", where) > resumed_step) return;
    kept.append(line).push_back('\n');
  });
  if (kept != text) write_file_atomic(path, kept);
}

fs::path prepared_metrics_file(const fs::path& path, int64_t resumed_step) {
  std::error_code unreadable;  // opening the file reports it
  if (resumed_step >= 0 && fs::exists(path, unreadable)) cut_back_metrics(path, resumed_step);
  return path;
}

}  // namespace

MetricsHistory read_metrics(const fs::path& path) {
  MetricsHistory history;
  const std::string text = read_file(path);
  for_each_metrics_line(path, text, [&](std::string_view, const Json& json, const std::string& where) {
    const auto type = json.find("type");
    if (type == json.end()) return;
    if (*type == "train")
      history.steps.push_back({.step = read_count(json, "step", where),
                               .loss = read_number(json, "loss", where),
                               .lr = read_number(json, "lr", where),
                               .grad_norm = read_number(json, "grad_norm", where),
                               .tokens = read_count(json, "tokens", where),
                               .target_tokens = read_count(json, "target_tokens", where),
                               .step_ms = read_number(json, "step_ms", where),
                               .tokens_per_s = read_number(json, "tokens_per_s", where),
                               .peak_rss_bytes = read_number(json, "peak_rss_bytes", where)});
    else if (*type == "valid")
      history.evals.push_back({.step = read_count(json, "step", where),
                               .loss = read_number(json, "loss", where),
                               .perplexity = read_number(json, "perplexity", where),
                               .target_tokens = read_count(json, "target_tokens", where)});
  });
  return history;
}

MetricsWriter::MetricsWriter(const fs::path& path, int64_t resumed_step)
    : file_(prepared_metrics_file(path, resumed_step),
            resumed_step < 0 ? AppendFile::Open::truncate : AppendFile::Open::append) {}

void MetricsWriter::write(const StepMetrics& m) {
  const OrderedJson line = {{"type", "train"},
                            {"step", m.step},
                            {"loss", metrics_number(m.loss)},
                            {"lr", metrics_number(m.lr)},
                            {"grad_norm", metrics_number(m.grad_norm)},
                            {"tokens", m.tokens},
                            {"target_tokens", m.target_tokens},
                            {"step_ms", metrics_number(m.step_ms)},
                            {"tokens_per_s", metrics_number(m.tokens_per_s)},
                            {"peak_rss_bytes", metrics_number(m.peak_rss_bytes)}};
  file_.append(line.dump() + "\n");
}

void MetricsWriter::write(const EvalMetrics& m) {
  const OrderedJson line = {{"type", "valid"},
                            {"step", m.step},
                            {"loss", metrics_number(m.loss)},
                            {"perplexity", metrics_number(m.perplexity)},
                            {"target_tokens", m.target_tokens}};
  file_.append(line.dump() + "\n");
}

void MetricsWriter::sync() {
  file_.sync();
}

}  // namespace temper::train
