#include "report.h"

#include "base/fail.h"
#include "base/json.h"

namespace temper::text2sql {
namespace {

OrderedJson tally_json(const Tally& tally) {
  return {{"execution_accuracy", tally.accuracy()}, {"correct", tally.correct}, {"total", tally.total}};
}

}  // namespace

Report score(const std::vector<Example>& examples, const std::vector<std::string>& replies) {
  if (examples.size() != replies.size()) {
    fail(ErrorCode::data, "text2sql: score: {} examples and {} predictions; give one prediction a row, in order",
         examples.size(), replies.size());
  }
  Report report;
  for (size_t i = 0; i < examples.size(); ++i) {
    Verdict verdict = judge(examples[i].database, examples[i].sql, replies[i]);
    for (Tally* tally : {&report.all, &report.by_shape[examples[i].shape]}) {
      ++tally->total;
      tally->correct += verdict.correct;
    }
    report.verdicts.push_back(std::move(verdict));
  }
  return report;
}

std::string to_text(const Report& report, const std::vector<Example>& examples, const std::vector<std::string>& replies,
                    size_t show) {
  std::string text;
  const auto line = [&](std::string_view name, const Tally& tally) {
    text += fmt::format("{:<16} {:6.1f} %  {:4} of {:4}\n", name, 100 * tally.accuracy(), tally.correct, tally.total);
  };
  for (const auto& [shape, tally] : report.by_shape) line(shape, tally);
  line("all", report.all);
  for (size_t i = 0; i < examples.size() && show > 0; ++i) {
    if (report.verdicts[i].correct) continue;
    --show;
    text += fmt::format("\nrow {} ({}): {}\n{}\n  gold:      {}\n  predicted: {}\n", i + 1, examples[i].shape,
                        report.verdicts[i].why, examples[i].prompt, examples[i].sql, sql_of_reply(replies[i]));
  }
  return text;
}

std::string to_json_line(const Report& report) {
  OrderedJson json = tally_json(report.all);
  for (const auto& [shape, tally] : report.by_shape) json["shapes"][shape] = tally_json(tally);
  return json.dump();
}

}  // namespace temper::text2sql
