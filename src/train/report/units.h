#pragma once

#include <cstdint>
#include <string>

namespace temper::train {

// Numbers as a person reads them. Non-finite values read "n/a".

/// 0.42 s, 12 s, 2 m 05 s, 1 h 02 m, 3 d 04 h
std::string duration_text(double seconds);
/// 512 B, 1.4 kB, 820 MB, 1.4 GB (powers of 1000)
std::string bytes_text(double bytes);
/// Whole numbers with thousands separators: 1,234,567
std::string count_text(int64_t n);
/// Short counts: 950, 12.3 k, 4.88 M, 1.2 B
std::string short_count_text(double n);
/// `digits` significant digits without needless zeros: 0.0123, 1.5, 2e-04
std::string number_text(double value, int digits = 4);
/// 0.0525 -> "5.3 %"
std::string percent_text(double fraction);

}  // namespace temper::train
