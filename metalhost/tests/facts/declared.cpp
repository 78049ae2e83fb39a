// The runtime's methods compared with what Apple's headers declare.
#include <gtest/gtest.h>
#include <metalhost/report.h>

#include <set>

#include "runtime/objc/class.h"
#include "runtime/objc/send.h"
#include "support/facts.h"

namespace {

TEST(Facts, EncodingsAreReadAsSignatures) {
  EXPECT_EQ(signature_of_encoding("Q16@0:8"), "Q");
  EXPECT_EQ(signature_of_encoding("v64@0:8{?=QQQ}16{?=QQQ}40"), "v{18{18");
  EXPECT_EQ(signature_of_encoding("@48@0:8^v16Q24Q32@?40"), "@pQQ?");
  EXPECT_EQ(signature_of_encoding("v48@0:8r^@16r^Q24{_NSRange=QQ}32"), "v^^{10");
  EXPECT_EQ(signature_of_encoding("v44@0:8@16{_NSRange=QQ}24C40"), "v@{10C");
}

TEST(Facts, AgreementIsStrictAboutSizesAndLenientAboutPointers) {
  using metalhost::signatures_agree;
  EXPECT_TRUE(signatures_agree("QP", "Q@"));
  EXPECT_TRUE(signatures_agree("vp", "v^"));
  EXPECT_FALSE(signatures_agree("v^", "v@"));
  EXPECT_FALSE(signatures_agree("QI", "QQ"));
  EXPECT_FALSE(signatures_agree("v{10", "v{18"));
  EXPECT_FALSE(signatures_agree("v", "vQ"));
  EXPECT_FALSE(signatures_agree("vd", "vQ"));
}

// What Apple added after the headers that the facts were read from, or declares in headers that they leave out.
const std::set<std::string>& unverified() {
  static const std::set<std::string> names = {
      "-[MTLBuffer gpuAddress]",                              // macOS 13
      "-[MTLSharedEvent waitUntilSignaledValue:timeoutMS:]",  // macOS 12, not in the facts
      "+[MTLSharedEventListener sharedListener]",             // macOS 14
      "-[MTLCommandBuffer useResidencySet:]",                 // macOS 15, with all of residency sets
      "-[MTLCommandBuffer useResidencySets:count:]",
      "-[MTLCommandQueue addResidencySet:]",
      "-[MTLCommandQueue removeResidencySet:]",
      "-[MTLDevice newResidencySetWithDescriptor:error:]",
      "-[MTLDevice newCommandQueueWithDescriptor:]",  // macOS 15
      "-[MTLDevice architecture]",                    // macOS 14
      "-[MTLCompileOptions mathMode]",
      "-[MTLCompileOptions setMathMode:]",
      "-[MTLCompileOptions mathFloatingPointFunctions]",
      "-[MTLCompileOptions setMathFloatingPointFunctions:]",
  };
  return names;
}

TEST(Facts, EveryMethodOfTheRuntimeIsDeclaredAsImplemented) {
  Facts facts(METALHOST_FACTS "/selectors-macos12.txt");
  ASSERT_GT(facts.size(), 1000u);
  int verified = 0;
  std::set<std::string> missing;
  for (const auto* cls : metalhost::all_classes()) {
    if (cls->fact.empty()) continue;
    for (const auto* side : {cls, static_cast<const metalhost::ObjcClass*>(cls->isa)}) {
      for (const auto& [selector, method] : side->methods) {
        char sign = side->is_meta ? '+' : '-';
        auto declared = facts.find(cls->fact, sign, selector->name);
        if (!declared) declared = facts.find("C:NSObject", sign, selector->name);
        if (!declared && side->is_meta) declared = facts.find("C:NSObject", '-', selector->name);
        std::string name = std::string(1, sign) + "[" + cls->name + " " + selector->name + "]";
        if (!declared) {
          missing.insert(name);
          continue;
        }
        EXPECT_TRUE(metalhost::signatures_agree(method->types.c_str(), declared->c_str()))
            << name << " is " << metalhost::readable_signature(method->types.c_str()) << ", declared "
            << metalhost::readable_signature(declared->c_str());
        ++verified;
      }
    }
  }
  std::printf("%d methods agree with Apple's headers, %zu are not in the facts\n", verified, missing.size());
  EXPECT_EQ(missing, unverified());
}

}  // namespace
