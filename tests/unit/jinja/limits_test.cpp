// Hostile templates end with an Error, soon and in little memory.
#include <gtest/gtest.h>

#include "temper/error.h"
#include "text/jinja/chat_template.h"

namespace temper::text {
namespace {

std::string repeated(std::string_view piece, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += piece;
  return out;
}

/// The message of the Error that parsing or rendering ends with.
std::string refusal(const std::string& source) {
  ChatTemplateOptions options;
  options.limits = {.steps = 300'000, .bytes = 16 << 20, .output_bytes = 1 << 20};
  try {
    const Rendered rendered = ChatTemplate(source, "t").render(OrderedJson::array(), options);
    return "rendered " + std::to_string(rendered.text.size()) + " bytes";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(TemplateLimits, EndNestedLoops) {
  const std::string loop = "{% for i in numbers %}", end = "{% endfor %}";
  EXPECT_EQ(refusal("{% set numbers = range(99) %}" + repeated(loop, 5) + repeated(end, 5)),
            "t: line 1: the template takes more than 300000 steps; an endless loop?");
}

TEST(TemplateLimits, EndDoublingStrings) {
  EXPECT_EQ(refusal("{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
            "t: line 1: the template makes more than 16777216 bytes of strings and lists; an endless loop?");
}

TEST(TemplateLimits, EndLargeProducts) {
  const std::string message =
      "t: line 1: the template makes more than 16777216 bytes of strings and lists; an endless loop?";
  for (const char* source :
       {"{{ 'abc' * 9000000000000000000 }}", "{{ [1] * 9000000000000000000 }}", "{{ 'a'.center(4000000000) }}",
        "{{ 'a'|indent(9000000000000000000, true) }}", "{{ '%9000000d' % 1 }}", "{{ '{:>90000000}'.format(1) }}",
        "{{ [1]|tojson(indent=99999999999) }}", "{{ ('a' * 4000).replace('a', 'b' * 4000) }}",
        "{{ (['a' * 4000] * 4000)|join }}", "{{ 'x'.zfill(99999999999) }}", "{{ 'a'|center(99999999999) }}"}) {
    EXPECT_EQ(refusal(source), message) << source;
  }
}

TEST(TemplateLimits, BoundTheOutput) {
  EXPECT_EQ(refusal("{% for i in range(2000) %}" + repeated("0123456789", 200) + "{% endfor %}"),
            "t: line 1: the rendered text is longer than 1048576 bytes");
}

TEST(TemplateLimits, BoundRanges) {
  EXPECT_EQ(refusal("{{ range(100000)|length }}"), "rendered 6 bytes");
  EXPECT_EQ(refusal("{{ range(-9223372036854775807, 9223372036854775807) }}"),
            "t: line 1: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
}

TEST(TemplateLimits, BoundRecursion) {
  const std::string too_deep = "blocks, expressions and macro calls nested deeper than";
  EXPECT_NE(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").find(too_deep), std::string::npos);
  EXPECT_NE(refusal("{% macro f() %}{% call f() %}{{ caller }}{% endcall %}{% endmacro %}{% call f() %}{% endcall %}")
                .find(too_deep),
            std::string::npos);
}

TEST(TemplateLimits, BoundNestingInTheSource) {
  EXPECT_EQ(refusal("{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}"),
            "t: line 1: brackets or tags nested deeper than 100 levels");
  EXPECT_EQ(refusal(repeated("{% if true %}", 5000) + repeated("{% endif %}", 5000)),
            "t: line 1: brackets or tags nested deeper than 100 levels");
  EXPECT_EQ(refusal("{{ " + repeated("not ", 5000) + "1 }}"), "t: line 1: 'not' repeated more than 100 times");
  EXPECT_EQ(refusal("{{ " + repeated("-", 5000) + "1 }}"), "t: line 1: signs repeated more than 100 times");
  EXPECT_EQ(refusal("{{ 1" + repeated(" + 1", 5000) + " }}"), "t: line 1: an expression nested deeper than 250 levels");
  EXPECT_EQ(refusal("{{ 1" + repeated("|string", 5000) + " }}"),
            "t: line 1: an expression nested deeper than 250 levels");
  EXPECT_EQ(refusal("{% if 0 %}" + repeated("{% elif 0 %}", 5000) + "{% else %}ok{% endif %}"), "rendered 2 bytes");
  EXPECT_EQ(refusal("{% set " + repeated("(", 5000) + "a" + repeated(")", 5000) + " = 1 %}"),
            "t: line 1: brackets nested deeper than 100 levels");
}

TEST(TemplateLimits, BoundNestingOfValues) {
  const std::string nested = "values nested deeper than 200 levels";
  const auto grown = [](const std::string& step) {
    return refusal("{% set ns = namespace(v=[]) %}{% for i in range(5000) %}{% set ns.v = " + step + " %}{% endfor %}");
  };
  EXPECT_NE(grown("[ns.v]").find(nested), std::string::npos);
  EXPECT_NE(grown("{'a': ns.v}").find(nested), std::string::npos);
  EXPECT_NE(grown("ns.v|map('string')").find(nested), std::string::npos);
  EXPECT_NE(grown("[1]|map('default', ns.v)").find(nested), std::string::npos);
  EXPECT_NE(grown("cycler(ns.v)").find(nested), std::string::npos);
  EXPECT_NE(grown("{'a': ns.v}.get").find(nested), std::string::npos);
}

TEST(TemplateLimits, EndExponentialComparisonsAndPrints) {
  const std::string doubled =
      "{% for i in range(150) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  const std::string start = "{% set ns = namespace(a=1, b=1) %}" + doubled;
  EXPECT_NE(refusal(start + "{{ ns.a == ns.b }}").find("steps"), std::string::npos);
  EXPECT_NE(refusal(start + "{{ ns.a < ns.b }}").find("steps"), std::string::npos);
  EXPECT_NE(refusal(start + "{{ ns.a }}").find("more than"), std::string::npos);
  EXPECT_NE(refusal(start + "{{ ns.a|tojson }}").find("more than"), std::string::npos);
}

TEST(TemplateLimits, FreeCyclesThroughNamespacesAndMacros) {  // LeakSanitizer looks on
  EXPECT_EQ(refusal("{% set a = namespace() %}{% set b = namespace(a=a) %}{% set a.b = b %}{% set a.self = [a] %}"
                    "{% macro f() %}{{ f is defined }}{% endmacro %}{% set a.f = f %}{{ f() }}"
                    "{% for i in [1, 2] %}{% if loop.changed(loop) %}{% endif %}{% set a.l = loop %}{% endfor %}"
                    "{% for i in [1, 2] if i %}{% set v = a.l %}{% for j in [1] if j %}{% set a.l = loop %}"
                    "{% endfor %}{% endfor %}"),
            "rendered 4 bytes");
  EXPECT_NE(refusal("{% set a = namespace() %}{% set a.a = [a] %}{{ a }}").find("nested deeper"), std::string::npos);
}

}  // namespace
}  // namespace temper::text
