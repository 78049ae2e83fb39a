#include "sample_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace temper::train::testing {
namespace {

/// Uniform in 0..1, from the engine's bits alone: the library's distributions differ between platforms.
class Noise {
 public:
  double uniform() { return static_cast<double>(engine_() >> 5) / static_cast<double>(1u << 27); }
  double bell() { return uniform() + uniform() + uniform() - 1.5; }

 private:
  std::mt19937 engine_{7};
};

double loss_curve(double progress) {
  return 0.045 + 2.35 * std::exp(-14 * progress) + 0.16 * std::exp(-3 * progress);
}

SplitStats split(Noise& noise, const std::string& name, int64_t rows) {
  SplitStats stats{.name = name, .rows = rows, .padding_waste = name == "train" ? 0.052 : 0.017};
  for (int64_t i = 0; i < rows; ++i) {
    const auto length = static_cast<int64_t>(96 + 34 * noise.bell() + (i % 3 == 0 ? 40 * noise.uniform() : 0));
    stats.row_lengths.push_back(std::min<int64_t>(256, length));
    stats.tokens += stats.row_lengths.back();
  }
  stats.trained_tokens = stats.tokens * 31 / 100;
  return stats;
}

}  // namespace

ReportData sample_report(int64_t steps) {
  Noise noise;
  ReportData data{.title = "Text to SQL with SmolLM2-135M",
                  .model = "models/SmolLM2-135M-Instruct.Q4_1.gguf",
                  .adapter_path = "runs/text2sql",
                  .command_line =
                      "temper train --model models/SmolLM2-135M-Instruct.Q4_1.gguf --data examples/text2sql/data "
                      "--out runs/text2sql --rank 8 --lr 2e-3 --steps 600 --batch-tokens 2048 --mask-prompt last",
                  .dtype = "bf16",
                  .machine = "Linux x86-64, 2 cores, AVX-512-BF16",
                  .created = "2025-01-15 10:30"};
  data.headlines = {{"Execution accuracy", "96.5 %", "193 of 200 test questions; 0.0 % before"}};
  data.hyper_parameters = {{"rank", "8"},
                           {"alpha", "16"},
                           {"dropout", "0"},
                           {"targets", "all-linear"},
                           {"optimizer", "AdamW"},
                           {"learning rate", "2e-3"},
                           {"schedule", "cosine, 10 warm-up steps"},
                           {"weight decay", "0.01"},
                           {"gradient clipping", "1"},
                           {"tokens a batch", "2048"},
                           {"sequence limit", "256"},
                           {"prompt masking", "last"},
                           {"steps", std::to_string(steps)},
                           {"seed", "0"}};
  for (int64_t s = 1; s <= steps; ++s) {
    const double progress = static_cast<double>(s) / static_cast<double>(steps);
    const double lr = s <= 10 ? 2e-4 * static_cast<double>(s) : 1e-3 * (1 + std::cos(3.14159265 * progress));
    const double loss = loss_curve(progress);
    const auto tokens = static_cast<int64_t>(1850 + 180 * noise.bell());
    const double step_ms = (s == 1 ? 1900 : 780 + 60 * noise.bell()) + (s % 97 == 0 ? 400 : 0);
    data.steps.push_back({.step = s,
                          .loss = loss * (1 + 0.32 * noise.bell()),
                          .lr = lr,
                          .grad_norm = (0.25 + 2.2 * loss) * (1 + 0.4 * noise.bell()),
                          .tokens = tokens,
                          .target_tokens = tokens * 31 / 100,
                          .step_ms = step_ms,
                          .tokens_per_s = 1000 * static_cast<double>(tokens) / step_ms,
                          .peak_rss_bytes = 1.31e9});
  }
  for (int64_t s = 0; s <= steps; s += std::max<int64_t>(1, steps / 12)) {
    const double loss = loss_curve(static_cast<double>(s) / static_cast<double>(steps)) * 1.06 + 0.015;
    data.evals.push_back({.step = s, .loss = loss, .perplexity = std::exp(loss), .target_tokens = 4210});
  }
  data.splits = {split(noise, "train", 1600), split(noise, "valid", 100), split(noise, "test", 200)};
  data.splits[0].rows_cut = 3;
  data.trainable_parameters = 4'884'480;
  data.total_parameters = 139'399'488;
  data.train_seconds = 471;
  data.total_seconds = 533;
  data.tokens_per_s = 2371;
  data.peak_rss_bytes = 1.31e9;
  const std::string schema = "Table orders(id, customer_id, total, placed_on)\nTable customers(id, name, city)\n\n";
  data.samples = {{schema + "Which three cities have the highest total of orders?",
                   "To find the three cities with the highest total of orders, you can use the following "
                   "query:\n\n```sql\nSELECT city, "
                   "SUM(total) FROM orders GROUP BY city\n```",
                   "SELECT c.city FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.city ORDER BY "
                   "SUM(o.total) DESC LIMIT 3",
                   "SELECT c.city FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.city ORDER BY "
                   "SUM(o.total) DESC LIMIT 3"},
                  {schema + "How many customers placed more than five orders?",
                   "I'm sorry, but I can't access your database. You could try counting the rows.",
                   "SELECT COUNT(*) FROM (SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) >= 5)",
                   "SELECT COUNT(*) FROM (SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) > 5)"},
                  {schema + "List the names of customers without an order.", "SELECT name FROM customers;",
                   "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
                   "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)"}};
  return data;
}

ReportData hostile_report() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::string attack =
      "</script><script>console.error('attacked')</script><img src=x onerror=console.error(1)>\"'&</pre></style>";
  const std::string long_word(30'000, 'W');
  ReportData data = sample_report(200);
  for (std::string* text :
       {&data.title, &data.model, &data.adapter_path, &data.command_line, &data.dtype, &data.machine, &data.created})
    *text = attack + *text;
  data.headlines.push_back({attack, attack, attack});
  data.hyper_parameters.emplace_back(attack, attack + long_word.substr(0, 500));
  data.notes = {attack, long_word.substr(0, 500)};
  for (SplitStats& s : data.splits) s.name = "<b>" + s.name;
  data.samples = {{attack, attack, attack, attack},
                  {long_word, "  leading\n\n\tand trailing white space \n\n", "\xff\xfe\xc3(\x01\x02\0x\x1b[31m", ""},
                  {"\n\nright-to-left: \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\xae override", long_word, "", "x"}};
  data.steps[20].loss = nan;
  data.steps[21].loss = infinity;
  data.steps[22].grad_norm = -infinity;
  data.steps[40].loss = 1e30;
  data.steps[41].tokens_per_s = infinity;
  data.evals[3].loss = nan;
  data.evals[4].perplexity = infinity;
  data.splits[0].padding_waste = nan;
  data.tokens_per_s = nan;
  data.train_seconds = infinity;
  return data;
}

}  // namespace temper::train::testing
