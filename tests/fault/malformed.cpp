#include "fault/malformed.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "temper/error.h"

namespace temper::test {

void expect_refusals(const std::vector<Malformed>& files, std::string_view where,
                     const std::function<void(const std::string& bytes)>& read) {
  std::set<std::string> names, contents;
  for (const Malformed& file : files) {
    EXPECT_TRUE(names.insert(file.name).second) << "two cases named " << file.name;
    EXPECT_TRUE(contents.insert(file.bytes).second) << file.name << " repeats another case";
    try {
      read(file.bytes);
      ADD_FAILURE() << file.name << " was accepted";
    } catch (const Error& error) {
      const std::string what = error.what();
      EXPECT_NE(what.find(file.says), std::string::npos) << file.name << ": " << what;
      EXPECT_NE(what.find(where), std::string::npos) << file.name << ": " << what;
      EXPECT_TRUE(error.code() == ErrorCode::format || error.code() == ErrorCode::unsupported ||
                  error.code() == ErrorCode::not_found || error.code() == ErrorCode::data ||
                  error.code() == ErrorCode::invalid_argument)
          << file.name << ": " << what;
    }
  }
}

size_t count_refused_prefixes(const std::string& bytes, const std::function<void(const std::string&)>& read) {
  size_t refused = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    try {
      read(bytes.substr(0, length));
    } catch (const Error&) {
      ++refused;
    }
  }
  return refused;
}

void expect_survival_of_damage(const std::string& bytes, int flips,
                               const std::function<void(const std::string&)>& read) {
  std::mt19937 random(11);
  for (int i = 0; i < flips; ++i) {
    std::string damaged = bytes;
    for (auto count = 1 + random() % 4; count > 0; --count)
      damaged[random() % damaged.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    try {
      read(damaged);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
    }
  }
}

}  // namespace temper::test
