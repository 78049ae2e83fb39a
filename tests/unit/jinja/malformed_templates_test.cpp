// What the person at the terminal reads about a template that is wrong.
#include <gtest/gtest.h>

#include "temper/error.h"
#include "text/jinja/chat_template.h"

namespace temper::text {
namespace {

struct Malformed {
  const char* source;
  ErrorCode code;
  const char* message;
};

constexpr Malformed kMalformed[] = {
    {"{{ }}", ErrorCode::format, "t: line 1: expected an expression, got '}}'"},
    {"a\n{{ 1 + }}", ErrorCode::format, "t: line 2: unexpected '}}'"},
    {"{{ 'open }}", ErrorCode::format, "t: line 1: unexpected char \"'\" at 3"},
    {"{{ (1 }}", ErrorCode::format, "t: line 1: unexpected '}', expected ')'"},
    {"{{ 1) }}", ErrorCode::format, "t: line 1: unexpected ')'"},
    {"{{ [1, 2}", ErrorCode::format, "t: line 1: unexpected '}', expected ']'"},
    {"{{ [1 2] }}", ErrorCode::format, "t: line 1: expected ',', got '2'"},
    {"{{ {'a' 1} }}", ErrorCode::format, "t: line 1: expected ':', got '1'"},
    {"{{ 1 2 }}", ErrorCode::format, "t: line 1: expected '}}', got '2'"},
    {"{{ 1", ErrorCode::format, "t: line 1: expected '}}', got 'end of template'"},
    {"{{ a..b }}", ErrorCode::format, "t: line 1: expected name or number"},
    {"{{ a | }}", ErrorCode::format, "t: line 1: expected a name, got '}}'"},
    {"{{ f(a=1, 2) }}", ErrorCode::format, "t: line 1: invalid order of arguments in a call"},
    {"{{ x is defined is none }}", ErrorCode::format, "t: line 1: tests can't be chained with 'is'"},
    {"{{ $x }}", ErrorCode::format, "t: line 1: unexpected char '$' at 3"},
    {"{{ '\\x4' }}", ErrorCode::format, "t: line 1: truncated \\xXX escape"},
    {"{{ '\\ud83d' }}", ErrorCode::format, "t: line 1: a string literal has a surrogate, which UTF-8 can't express"},
    {"\n\n{# never closed", ErrorCode::format, "t: line 3: Missing end of comment tag"},
    {"{% raw %}x", ErrorCode::format, "t: line 1: Missing end of raw directive"},
    {"{% if true %}\nx", ErrorCode::format,
     "t: line 2: unexpected end of template; looking for 'elif' or 'else' or 'endif'"},
    {"{% for i in x %}{% endif %}", ErrorCode::format, "t: line 1: unexpected tag 'endif'"},
    {"{% endfor %}", ErrorCode::format, "t: line 1: unexpected tag 'endfor'"},
    {"{% for i %}{% endfor %}", ErrorCode::format, "t: line 1: expected 'in', got '%}'"},
    {"{% set 1 = 2 %}", ErrorCode::format, "t: line 1: can't assign to '1'"},
    {"{% set true = 2 %}", ErrorCode::format, "t: line 1: can't assign to 'true'"},
    {"{% for i in x %}{% set loop = 1 %}{% endfor %}", ErrorCode::format,
     "t: line 1: can't assign to the special variable 'loop' inside a loop"},
    {"{% macro f(a=1, b) %}{% endmacro %}", ErrorCode::format,
     "t: line 1: a parameter without a default follows one with a default"},
    {"{% macro f(a, a) %}{% endmacro %}", ErrorCode::format, "t: line 1: the parameter 'a' appears twice"},
    {"{% break %}", ErrorCode::format, "t: line 1: 'break' outside of a loop"},
    {"{% call f %}{% endcall %}", ErrorCode::format, "t: line 1: expected a call"},
    {"{% 1 %}", ErrorCode::format, "t: line 1: expected the name of a tag"},
    {"\xff\xfe", ErrorCode::format, "t: the chat template is not UTF-8"},
    {"{% include 'other' %}", ErrorCode::unsupported, "t: line 1: temper's chat templates lack the tag 'include'"},
    {"\n{% block a %}{% endblock %}", ErrorCode::unsupported,
     "t: line 2: temper's chat templates lack the tag 'block'"},
    {"{% frobnicate %}", ErrorCode::unsupported,
     "t: line 1: temper's chat templates lack the unknown tag 'frobnicate'"},
    {"{% for i in x recursive %}{% endfor %}", ErrorCode::unsupported,
     "t: line 1: temper's chat templates lack recursive loops"},
    {"{{ x|wordwrap }}", ErrorCode::unsupported, "t: line 1: temper's chat templates lack the filter 'wordwrap'"},
    {"{{ x is startingwith 'a' }}", ErrorCode::unsupported,
     "t: line 1: temper's chat templates lack the test 'startingwith'"},
    {"{{ 99999999999999999999 }}", ErrorCode::unsupported,
     "t: line 1: temper's chat templates lack integers beyond 64 bits"},
    {"{{ '\\N{BULLET}' }}", ErrorCode::unsupported,
     "t: line 1: temper's chat templates lack the escape \\N{...} in a string literal"},
};

TEST(MalformedTemplates, AreRefusedWithNameLineAndReason) {
  for (const Malformed& malformed : kMalformed) {
    try {
      const ChatTemplate parsed(malformed.source, "t");
      ADD_FAILURE() << malformed.source << " was accepted";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), malformed.message) << malformed.source;
      EXPECT_EQ(error.code(), malformed.code) << malformed.source;
    }
  }
}

// Parses, and fails while it runs.
constexpr Malformed kFailing[] = {
    {"{% if messages %}\n{{ raise_exception('No system role, please.') }}{% endif %}", ErrorCode::invalid_argument,
     "t: line 2: No system role, please."},
    {"{{ nothing.at }}", ErrorCode::invalid_argument, "t: line 1: 'nothing' is undefined"},
    {"{{ messages[0].nothing.at }}", ErrorCode::invalid_argument,
     "t: line 1: 'dict object' has no attribute 'nothing'"},
    {"{{ messages[7].role }}", ErrorCode::invalid_argument, "t: line 1: list object has no element 7"},
    {"{% for m in messages %}\n\n{{ m.content + 1 }}{% endfor %}", ErrorCode::invalid_argument,
     "t: line 3: can only concatenate str (not \"int\") to str"},
    {"{{ 1 / 0 }}", ErrorCode::invalid_argument, "t: line 1: division by zero"},
    {"{{ messages.append(1) }}", ErrorCode::invalid_argument,
     "t: line 1: access to attribute 'append' of 'list' object is unsafe; templates can't change lists and dicts"},
    {"{{ 'a'.encode() }}", ErrorCode::unsupported, "t: line 1: temper's chat templates lack the str method 'encode'"},
    {"{{ 2 ** 64 }}", ErrorCode::unsupported, "t: line 1: temper's chat templates lack integers beyond 64 bits"},
    {"{{ range(3) }}", ErrorCode::unsupported, "t: line 1: temper's chat templates lack printing a range"},
    {"{% if true %}\n{{ 'a'|frob }}{% endif %}", ErrorCode::unsupported,
     "t: line 2: temper's chat templates lack the filter 'frob'"},
    {"{{ 'a'.split(by='x') }}", ErrorCode::invalid_argument,
     "t: line 1: split() got an unexpected keyword argument 'by'"},
    {"{% macro f(a) %}\n{% endmacro %}\n{{ f(1, 2) }}", ErrorCode::invalid_argument,
     "t: line 3: macro 'f' takes not more than 1 argument(s)"},
    {"{{ messages|tojson|length + none }}", ErrorCode::invalid_argument,
     "t: line 1: unsupported operand type(s) for +: 'int' and 'NoneType'"},
};

TEST(FailingTemplates, SayWhereAndWhy) {
  const OrderedJson messages = OrderedJson::parse(R"([{"role": "user", "content": "hi"}])");
  for (const Malformed& failing : kFailing) {
    const ChatTemplate parsed(failing.source, "t");
    try {
      const Rendered rendered = parsed.render(messages);
      ADD_FAILURE() << failing.source << " gave " << rendered.text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), failing.message) << failing.source;
      EXPECT_EQ(error.code(), failing.code) << failing.source;
    }
  }
}

}  // namespace
}  // namespace temper::text
