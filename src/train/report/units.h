#pragma once

#include <cstdint>
#include <string>

namespace temper::train {

// Numbers as a person reads them. A quantity that isn't finite reads "n/a".

/// 0.42 s, 4.2 s, 12 s, 2 m 05 s, 1 h 02 m, 3 d 04 h
std::string duration_text(double seconds);

/// 512 B, 1.4 kB, 820 MB, 1.4 GB (powers of 1000)
std::string bytes_text(double bytes);

/// Whole numbers with thousands separators: 1,234,567
std::string count_text(int64_t n);

/// 950, 12.3 k, 4.88 M, 1.2 B
std::string short_count_text(double n);

/// At most `digits` significant digits, no needless zeros: 0.0123, 1.5, 2e-5, nan, -inf
std::string number_text(double value, int digits = 4);

/// 0.0525 reads "5.3 %"; below one percent two digits: "0.42 %"
std::string percent_text(double fraction);

}  // namespace temper::train
