#include <fmt/format.h>

#include "train/report/html_text.h"
#include "train/report/report_sections.h"
#include "train/report/units.h"

namespace temper::train {
namespace {

std::string command_block(const std::string& what, const std::string& command) {
  return fmt::format("<p>{}</p><div class=\"command\"><pre>\n{}</pre></div>\n", what, escape_html(command));
}

std::string adapter_card(const ReportData& data) {
  if (data.adapter_path.empty() || data.model.empty()) return "";
  const std::string model = shell_word(data.model), adapter = shell_word(data.adapter_path);
  const std::string with_both = fmt::format("--model {} --adapter {}", model, adapter);
  return "<div class=\"card\">" +
         command_block("Generate a reply:", fmt::format("temper generate {} --prompt 'Hello'", with_both)) +
         command_block("Chat:", "temper chat " + with_both) +
         command_block("Measure the loss on another file:",
                       fmt::format("temper eval {} --data test.jsonl", with_both)) +
         command_block("Merge it into a complete model folder that Transformers loads:",
                       fmt::format("temper merge {} --out merged", with_both)) +
         "<p class=\"quiet\">The adapter is a PEFT folder: PEFT loads it onto the same base model.</p></div>\n";
}

}  // namespace

std::string usage_section(const ReportData& data) {
  std::string html;
  if (const std::string card = adapter_card(data); !card.empty())
    html += "<section>\n<h2>Use the adapter</h2>\n" + card + "</section>\n";
  std::string run;
  if (!data.hyper_parameters.empty()) {
    run += "<div class=\"card\"><dl class=\"settings\">\n";
    for (const auto& [name, value] : data.hyper_parameters)
      run += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(name), escape_html(value));
    run += "</dl></div>\n";
  }
  if (!data.command_line.empty())
    run += "<div class=\"card\">" + command_block("Run again with the same data and seed:", data.command_line) +
           "</div>\n";
  if (!run.empty()) html += "<section>\n<h2>How it was trained</h2>\n" + run + "</section>\n";
  return html;
}

}  // namespace temper::train
