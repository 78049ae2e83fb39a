#include <metalhost/runtime.h>

#include <thread>

#include "support/probe.h"
#include "support/reports.h"

namespace {

NS::String* text(const char* content) {
  return NS::String::string(content, NS::UTF8StringEncoding);
}

class Messages : public Contracts {
 protected:
  void SetUp() override {
    Contracts::SetUp();
    metalhost::skip_call_sites_in("/support/probe.h");
  }
};

TEST_F(Messages, StringsKeepTheirText) {
  EXPECT_STREQ(text("tempered")->utf8String(), "tempered");
  EXPECT_EQ(text("na\xc3\xafve")->length(), 5u);
  EXPECT_TRUE(text("a")->isEqualToString(text("a")));
  EXPECT_STREQ(text("a")->stringByAppendingString(text("b"))->utf8String(), "ab");
  EXPECT_EQ(text("haystack")->rangeOfString(text("STACK"), NS::CaseInsensitiveSearch).location, 3u);
}

TEST_F(Messages, LiteralsAreStrings) {
  NS::String* literal = MTLSTR("constant");
  EXPECT_STREQ(literal->utf8String(), "constant");
  EXPECT_EQ(literal->retain()->length(), 8u);
  literal->release();
  EXPECT_TRUE(text("constant")->isEqualToString(literal));
  auto* dictionary = NS::Dictionary::dictionary(literal, literal);
  EXPECT_STREQ(dictionary->object<NS::String>(text("constant"))->utf8String(), "constant");
}

TEST_F(Messages, NumbersOfEveryTypeComeBack) {
  EXPECT_EQ(NS::Number::number(-7)->intValue(), -7);
  EXPECT_EQ(NS::Number::number(uint64_t{1} << 63)->unsignedLongValue(), uint64_t{1} << 63);
  EXPECT_EQ(NS::Number::number(0.5f)->floatValue(), 0.5f);
  EXPECT_EQ(NS::Number::number(2.25)->doubleValue(), 2.25);
  EXPECT_TRUE(NS::Number::number(true)->boolValue());
}

TEST_F(Messages, CollectionsFindTheirObjects) {
  auto* array = NS::Array::array(text("x"));
  EXPECT_EQ(array->count(), 1u);
  EXPECT_STREQ(array->object<NS::String>(0)->utf8String(), "x");
  auto* dictionary = NS::Dictionary::dictionary(NS::Number::number(3), text("three"));
  EXPECT_EQ(dictionary->object<NS::Number>(text("three"))->intValue(), 3);
  EXPECT_EQ(dictionary->object<NS::Number>(text("four")), nullptr);
}

TEST_F(Messages, ErrorsTellWhatHappened) {
  auto* info = NS::Dictionary::dictionary(text("no such kernel"), text("NSLocalizedDescription"));
  auto* error = NS::Error::error(text("MTLLibraryErrorDomain"), 5, info);
  EXPECT_EQ(error->code(), 5);
  EXPECT_STREQ(error->localizedDescription()->utf8String(), "no such kernel");
}

TEST_F(Messages, StructsLongerThanTwoRegistersAreReturnedByAddress) {
  auto version = NS::ProcessInfo::processInfo()->operatingSystemVersion();
  EXPECT_EQ(version.majorVersion, 15);
  EXPECT_EQ(version.patchVersion, 0);
}

TEST_F(Messages, DoublesAreReturned) {
  EXPECT_GT(NS::ProcessInfo::processInfo()->systemUptime(), 0.0);
}

TEST_F(Messages, NilAnswersNothing) {
  NS::String* nobody = nullptr;
  EXPECT_EQ(Probe::send<NS::UInteger>(nobody, "length"), 0u);
  EXPECT_EQ(Probe::send<double>(nobody, "systemUptime"), 0.0);
}

TEST_F(Messages, NilCannotReturnAStruct) {
  struct Three {
    uint64_t a, b, c;
  };
  EXPECT_REPORT("nil-struct-result", "nil", "-[nil operatingSystemVersion]",
                Probe::send<Three>(nullptr, "operatingSystemVersion"));
}

TEST_F(Messages, AnUnknownSelectorIsReported) {
  auto* string = text("x");
  EXPECT_REPORT("unknown-selector", "NSString #", "-[NSString lenght]", Probe::send<NS::UInteger>(string, "lenght"));
}

TEST_F(Messages, AWrongArgumentTypeIsReported) {
  auto* array = NS::Array::array(text("x"));
  EXPECT_REPORT("wrong-signature", "NSArray #", "-[NSArray objectAtIndex:]",
                Probe::send<NS::Object*>(array, "objectAtIndex:", uint32_t{0}));
}

TEST_F(Messages, AWrongResultTypeIsReported) {
  auto* string = text("x");
  EXPECT_REPORT("wrong-signature", "NSString #", "-[NSString length]", Probe::send<uint32_t>(string, "length"));
}

TEST_F(Messages, AMissingArgumentIsReported) {
  auto* array = NS::Array::array(text("x"));
  EXPECT_REPORT("wrong-signature", "NSArray #", "-[NSArray objectAtIndex:]",
                Probe::send<NS::Object*>(array, "objectAtIndex:"));
}

TEST_F(Messages, AnObjectOfAnotherClassIsReported) {
  auto* string = text("x");
  auto* number = reinterpret_cast<NS::String*>(NS::Number::number(1));
  EXPECT_REPORT("wrong-class", "NSNumber #", "-[NSString stringByAppendingString:]",
                string->stringByAppendingString(number));
}

TEST_F(Messages, NilWhereAnObjectMustBeIsReported) {
  auto* string = text("x");
  EXPECT_REPORT("nil-argument", "nil", "-[NSString stringByAppendingString:]",
                string->stringByAppendingString(nullptr));
}

TEST_F(Messages, AnAbstractClassIsReported) {
  void* cls = objc_lookUpClass("NSProcessInfo");
  EXPECT_REPORT("abstract-class", "class NSProcessInfo", "+[NSProcessInfo alloc]",
                Probe::send<NS::Object*>(cls, "alloc"));
}

TEST_F(Messages, AnIndexOutOfRangeIsReported) {
  auto* array = NS::Array::array(text("x"));
  EXPECT_REPORT("index-out-of-range", "NSArray #", "-[NSArray objectAtIndex:]", array->object(1));
}

}  // namespace
