// Every message that metal-cpp's Foundation and Metal headers and mps.hpp send, compared with the selector and type
// encoding that Apple's macOS 12 headers declare.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "check.h"

namespace {

namespace fs = std::filesystem;

const fs::path kSource = TEMPER_SOURCE_DIR;
const fs::path kMetalCpp = METAL_CPP_DIR;
const fs::path kUnverified = kSource / "tests/metal/selectors/unverified.txt";

const Facts& facts() {
  static const Facts facts(kSource / "metalhost/facts/selectors-macos12.txt");
  return facts;
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string read(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// R"("a:" "b:")" -> "a:b:".
std::string join_literals(const std::string& literals) {
  std::string text;
  bool inside = false;
  for (char c : literals) {
    if (c == '"') {
      inside = !inside;
    } else if (inside) {
      text += c;
    }
  }
  return text;
}

std::vector<fs::path> binding_headers() {
  std::vector<fs::path> headers;
  for (const fs::path& folder : {kMetalCpp / "Foundation", kMetalCpp / "Metal", kSource / "src/device/metal/mps"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      // NSObject.hpp holds the sending template itself; metalhost checks its sends as they are executed.
      if (entry.path().extension() == ".hpp" && entry.path().filename() != "NSObject.hpp") headers.push_back(entry);
    }
  }
  return headers;
}

TEST(Selectors, EveryDeclaredMessageIsSentWithItsTypes) {
  Comparison result = compare(binding_sends(), facts());
  EXPECT_EQ(join(result.disagreed), "");
  EXPECT_GE(result.agreed, 1600);
}

TEST(Selectors, WhatTheFactsDontKnowIsExactlyTheCommittedList) {
  std::set<std::string> found = compare(binding_sends(), facts()).unverified;
  std::set<std::string> listed = read_lines(kUnverified);
  for (const std::string& message : found) {
    EXPECT_TRUE(listed.contains(message))
        << message << ": no header of macOS 12 declares it. Misspelt? If it is newer, add it to " << kUnverified;
  }
  for (const std::string& message : listed) {
    EXPECT_TRUE(found.contains(message)) << message << ": no longer unverified; remove it from " << kUnverified;
  }
}

TEST(Selectors, NoMessageOfOurOwnBindingsIsUnverified) {
  for (const std::string& message : read_lines(kUnverified)) EXPECT_EQ(message.find("MPS"), message.npos) << message;
}

// The recording itself: nothing that the headers spell out may be missing from it.
TEST(Selectors, EverySelectorThatAHeaderUsesIsRecorded) {
  std::set<std::string> recorded;
  for (const Send& send : binding_sends()) recorded.insert(send.selector);
  const std::regex definition(R"(_(NS|MTL|MPS)_PRIVATE_DEF_SEL\(\s*(\w+),((\s*"[^"]*")+))");
  const std::regex use(R"(_(NS|MTL|MPS)_PRIVATE_SEL\(\s*(\w+)\s*\))");
  std::map<std::string, std::string> selectors;
  for (const fs::path& header : binding_headers()) {
    std::string text = read(header);
    for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end; ++match) {
      selectors[(*match)[1].str() + (*match)[2].str()] = join_literals((*match)[3]);
    }
  }
  int uses = 0;
  for (const fs::path& header : binding_headers()) {
    std::string text = read(header);
    for (std::sregex_iterator match(text.begin(), text.end(), use), end; match != end; ++match) {
      std::string accessor = (*match)[1].str() + (*match)[2].str();
      if (accessor == "NSaccessor" || accessor == "MTLaccessor" || accessor == "MPSaccessor") continue;  // the macros
      ++uses;
      EXPECT_TRUE(recorded.contains(selectors[accessor])) << header << ": " << selectors[accessor];
    }
  }
  EXPECT_GE(uses, 2600);
}

TEST(Selectors, PlantedMistakesAreFound) {
  Comparison result = compare(planted_sends(), facts());
  EXPECT_EQ(result.agreed, 2);
  EXPECT_EQ(result.unverified, (std::set<std::string>{"+MPSMatrixDescriptor rowBytesFromColumn:dataType:"}));
  EXPECT_EQ(join(result.disagreed),
            "+MPSMatrixDescriptor rowBytesForColumns:dataType:: sent as QQQ, declared as QQI\n"
            "-MPSMatrixDescriptor matrixBytes: sent as I, declared as Q\n"
            "-MPSMatrixDescriptor setRows:: sent as v^v, declared as vQ\n"
            "-MPSMatrixSum setResultMatrixOrigin:: sent as v{QQ}, declared as v{QQQ}\n"
            "-MPSMatrixSum neuronParameterA: sent as d, declared as f\n"
            "-MPSMatrixSum resultMatrixOrigin: sent as @, declared as {QQQ}\n");
}

TEST(Selectors, EncodingsAreFlattened) {
  EXPECT_EQ(flatten_encoding("@40@0:8@16Q24@32"), "@@Q@");
  EXPECT_EQ(flatten_encoding("v104@0:8^v16Q24Q32{?={?=QQQ}{?=QQQ}}40Q88Q96"), "v^vQQ{QQQQQQ}QQ");
  EXPECT_EQ(flatten_encoding("@40@0:8@16r^{?=II}24^@32"), "@@^{}^@");
  EXPECT_EQ(flatten_encoding("v24@0:8@?16"), "v@?");
  EXPECT_EQ(flatten_encoding("r*16@0:8"), "*");
  EXPECT_EQ(flatten_encoding("{?=[2Q]C}16@0:8"), "{QQC}");
}

}  // namespace
