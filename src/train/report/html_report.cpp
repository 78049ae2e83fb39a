#include "train/report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"
#include "train/report/html_text.h"
#include "train/report/page_assets.h"
#include "train/report/report_sections.h"

namespace temper::train {
namespace {

std::string base64_of_hex(std::string_view hex) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto nibble = [](char c) { return static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::string out;
  // Six hexadecimal digits are three bytes are four characters.
  for (size_t i = 0; i < hex.size(); i += 6) {
    uint32_t bits = 0;
    for (size_t j = i; j < i + 6; ++j) bits = bits << 4 | (j < hex.size() ? nibble(hex[j]) : 0);
    const size_t characters = (std::min<size_t>(6, hex.size() - i) * 4 + 5) / 6;
    for (size_t k = 0; k < 4; ++k) out += k < characters ? alphabet[(bits >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

/// Nothing may be loaded and no script but ours may run, whatever text the page carries.
std::string security_policy() {
  return fmt::format("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'",
                     base64_of_hex(sha256(std::as_bytes(std::span(report_script())))));
}

}  // namespace

std::string render_report(const ReportData& data) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" "
      "content=\"temper\">\n";
  html += fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", security_policy());
  html += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
                      escape_html(data.title.empty() ? "Training report" : data.title), report_css());
  html += header_section(data);
  html += "<main>\n" + curves_section(data) + samples_section(data) + data_section(data) + usage_section(data);
  html += "</main>\n<footer>Written by temper. This file needs nothing else: keep it beside the adapter.</footer>\n";
  html += fmt::format("<script>{}</script>\n</body>\n</html>\n", report_script());
  return html;
}

void write_report(const std::filesystem::path& path, const ReportData& data) {
  write_file_atomic(path, render_report(data));
}

}  // namespace temper::train
