#pragma once

#include <string_view>

namespace temper::train {

/// The report's style sheet: light and dark, phone to print.
std::string_view report_css();

/// The report's script: read-outs over the curves, buttons that copy commands. Everything is readable without it.
std::string_view report_script();

}  // namespace temper::train
