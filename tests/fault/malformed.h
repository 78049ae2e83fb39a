#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace temper::test {

/// One malformed file: reading it must throw an Error that says `says`.
struct Malformed {
  std::string name;
  std::string says;
  std::string bytes;
};

/// Calls `read` on every file: each must throw temper::Error with a code for bad input, its message naming the file
/// (`where`) and holding the expected words. Names must be unique.
void expect_refusals(const std::vector<Malformed>& files, std::string_view where,
                     const std::function<void(const std::string& bytes)>& read);

/// Reads every proper prefix and `flips` seeded variants with damaged bytes: nothing but temper::Error may come out.
/// Returns how many of the prefixes were refused.
size_t count_refused_prefixes(const std::string& bytes, const std::function<void(const std::string&)>& read);
void expect_survival_of_damage(const std::string& bytes, int flips,
                               const std::function<void(const std::string&)>& read);

}  // namespace temper::test
