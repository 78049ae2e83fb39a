"""Small templates, ours, one construct each: CASES[area] = [(name, template[, variables])].

"messages" among the variables is the conversation; the others are the template's variables.
"""

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " Hé "},
        {"role": "assistant", "content": "Yes?", "tags": ["a", "b"]},
    ]
}
DATA = {
    "n": 7, "x": 2.5, "s": "Hello, World", "e": "", "t": True, "z": None, "u": "Ünïcödé 日本 🙂",
    "l": [3, 1, 2], "words": ["banana", "Apple", "cherry"], "d": {"b": 1, "a": [1, {"k": "v"}], "items": 5},
    "people": [{"name": "Ann", "age": 30, "tags": ["x"]}, {"name": "bob", "age": 25}, {"name": "Cid", "age": 30, "boss": None}],
    "deep": {"a": {"b": [{"c": 1}, {"c": 2}]}},
}


def each(prefix, templates, variables=DATA):
    return [(f"{prefix}_{i:02}", template, variables) for i, template in enumerate(templates, 1)]


def expressions(prefix, sources, variables=DATA):
    return each(prefix, ["{{ " + source + " }}" for source in sources], variables)


WHITESPACE = each("space", [
    "a\n{% if true %}\nb\n{% endif %}\nc\n",
    "a\n  {% if true %}  \n  b\n  {% endif %}\nc",
    "a \n {%- if true -%} \n b \n {%- endif -%} \n c",
    "  {{ 1 }}  \n  {{- 2 }}  \n{{ 3 -}}  \n 4",
    "  {%+ if true %}x{% endif +%}\ny",
    "a {# comment #} b\n{# line #}\nc\n  {# indented #}\nd {#- tight -#} e",
    "a {#+ kept +#}\nb",
    "{#- only -#}  x",
    "{% raw %}{{ not }} {% a %} {# b #}{% endraw %}!",
    "x  {%- raw -%}  \n {{ }} {%- endraw -%}  y",
    "a\n  {% raw %}\n b\n  {% endraw %}\nc",
    "text only\n",
    "two newlines\n\n",
    "\r\nwindows\r\n{% if true %}\r\nline{% endif %}\rmac\r",
    "\n\n{% set a = 1 %}\n\n{{ a }}\n\n",
    "{% for i in [1, 2] %}\n{{ i }}\n{% endfor %}\n",
    "{%- for i in [1, 2] -%}\n  {{ i }} \n{%- endfor %}\n",
    "\u2003{%- if true %}\u00a0x\u3000{%- endif %}",
    "\t {% if true %}\t\n\tb{% endif %}",
    "{{ '{{' }}{{ '%}' }}{{ \"}}\" }}",
    "{{ {'a': {'b': 1}} }}",
    "{{ {'a': {'b': 1}}['a']['b']}}",
    "{%if true%}1{%endif%}{{2}}",
    "{% if true -%}\n\n  x\n\n{%- endif %}\n\n  y",
    "a{% set x = 1 %}\n{% set y = 2 %}\nb",
    "line{# a\nb #}{{ 1 }}\n{#\n#}\nend",
    "",
    "   ",
    "{{ 1 }}\n{{ 2 }}\n",
    "x{%\nif\ntrue\n%}y{%\nendif\n%}z",
    "  text {% if true %} a {% endif %}\n  {% if true %}b{% endif %} tail",
])

LITERALS = expressions("literal", [
    "1", "0", "-5", "1_000", "0x1F", "0b101", "0o17", "1.5", "1e3", "1.5e-7", "1_0.2_5", "100000000000000000.0",
    "1e16", "1e15", "0.0001", "0.00001", "1e22", "123456789.123", "-0.0", "3.0", "true", "False", "none", "None",
    "'a\\'b'", '"a\\"b"', "'tab\\there'", "'line\\nfeed'", "'\\x41\\u00e9\\U0001F642\\101'", "'\\q\\w'",
    "'back\\\\slash'", "'joined ' \"strings\"", "'multi\nline'", "'cut \\\nhere'", "[]", "[1, 'a', none, true, 1.0]", "()", "(1,)", "(1, 2)", "1, 2",
    "{}", "{'a': 1, 2: 'b', none: [1]}", "[1, [2, [3]],]", "{'a': 1, 'a': 2}", "(1)", "[(1, 2), {'k': (3,)}]",
    "'it\\'s'", "['it\\'s', 'say \"hi\"', 'both \\' \"']", "['\\n\\t\\r\\\\', '\\x00\\x7f\\u200b\\u00a0é🙂']",
    "9223372036854775807", "-9223372036854775807",
])

ARITHMETIC = expressions("arithmetic", [
    "1 + 2 * 3", "(1 + 2) * 3", "7 / 2", "8 / 2", "7 // 2", "-7 // 2", "7 // -2", "-7 % 3", "7 % -3", "7.5 // 2",
    "-7.5 % 2", "2 ** 10", "2 ** -1", "2 ** 0.5", "-2 ** 2", "2 ** 3 ** 2", "1 - 2 - 3", "10 - 3 + 2", "+n", "-x",
    "- -3", "1 + 1.0", "0.1 + 0.2", "1e308 * 10", "-1e308 * 10", "'a' + 'b'", "'ab' * 3", "3 * 'ab'", "'a' * -1",
    "[1] + [2, 3]", "[0] * 3", "(1,) + (2,)", "1 ~ 2", "'a' ~ none ~ true ~ 1.5 ~ [1]", "1 + 2 ~ 3 + 4",
    "true + true", "5 % 3 == 2", "1 / 3", "2 / 3 * 3", "100 * 1.1", "n / x", "7 % 2.5", "'%s is %d' % ('a', 3)",
    "'%05.1f|%-5s|%+d|%x|%%' % (3.14159, 'ab', 5, 255)", "'%(k)s' % {'k': 1}", "'%s' % 'x'", "'%r' % 'x'",
])

COMPARISONS = expressions("comparison", [
    "1 < 2", "1 < 2 < 3", "3 > 2 > 2", "1 == 1.0", "1 == true", "'a' < 'b'", "'Z' < 'a'", "[1, 2] < [1, 3]",
    "[1] == [1.0]", "(1, 2) == [1, 2]", "{'a': 1} == {'a': 1.0}", "none == none", "none == false", "0 == false",
    "'1' == 1", "1 != 2", "2 >= 2", "1 in [1, 2]", "3 not in [1, 2]", "'ell' in s", "'b' in d", "1 in d", "'' in ''",
    "not 1 == 2", "not true and false", "1 and 2", "0 and 2", "0 or 'x'", "'' or none", "1 or undefined_name",
    "not none", "not []", "n == 7 and s", "1 if true", "1 if false else 2", "(1 if false) is undefined",
    "'a' if n > 5 else 'b' if n > 3 else 'c'", "missing == other_missing", "missing == none", "missing is defined",
    "missing in [1]", "1 in missing", "missing ~ 'x'", "not missing", "[missing]", "missing or 'd'", "9007199254740993 == 9007199254740992.0",
    "true is true", "[] == ()", "'é' > 'z'", "1 in (1, 2)", "n is not none and n > 3", "none in [none]",
])

ACCESS = expressions("access", [
    "d.b", "d['b']", "d.a[1].k", "d['a'][-1]['k']", "l[0]", "l[-1]", "l[5] is defined", "s[0]", "s[-1]", "u[0]",
    "u[-1]", "u[8:10]", "s[1:4]", "s[:-7]", "s[::2]", "s[::-1]", "l[::-1]", "l[1:]", "l[:1]", "l[-2:]", "l[5:]",
    "l[2:0:-1]", "u[::-1]", "(1, 2, 3)[1:]", "d.missing is defined", "d.items is callable", "d['items']", "d.get('b')",
    "d.get('q')", "d.get('q', 'x')", "d.get('items')", "d.keys()|list", "d.values()|list", "d.items()|list", "d.keys()",
    "d.items()", "d|length", "l.0", "people[0].name", "people[0]['tags'][0]", "people[1].tags is defined",
    "messages[1].content", "messages[1:]|length", "messages[::-1][0].role", "messages[-1].tags", "d['a', 'b'] is defined",
    "s['upper']()", "s.missing is defined", "none.x is defined", "5 .x is defined", "deep.a.b[1].c", "l[true]", "s[100:]",
    "l.index(2)", "l.count(1)", "d.copy()", "l.copy()", "(1, 2).index(2)", "[1, 2, 3, 4, 5][3:0:-2]", "s[-3:-1]", "d.fromkeys(['q'], 1)",
], {**DATA, **CHAT})

STRINGS = expressions("string", [
    "' a '.strip()", "'xxaxx'.strip('x')", "'abcba'.strip('ab')", "' a '.lstrip() ~ '|'", "' a '.rstrip() ~ '|'",
    "'\\u3000a\\u00a0'.strip()", "'a,b,c'.split(',')", "'a,b,c'.split(',', 1)", "'a,b,c'.rsplit(',', 1)",
    "' a  b '.split()", "' a  b c '.split(none, 1)", "' a  b c '.rsplit(none, 1)", "'a,b'.split(sep=',', maxsplit=0)",
    "''.split()", "''.split(',')", "'a<t>b<t>c'.split('<t>')[-1]", "'abc'.startswith('ab')", "'abc'.startswith(('x', 'a'))",
    "'abc'.endswith('bc')", "'abc'.startswith('b', 1)", "'abc'.endswith('b', 0, 2)", "'aXbX'.replace('X', '-')",
    "'aaaa'.replace('a', 'b', 2)", "'abc'.replace('', '.')", "'HeLLo'.lower()", "'straße'.upper()", "'ÀÉ'.lower()",
    "'hello wORLD it\\'s'.title()", "'hELLO'.capitalize()", "'aB'.swapcase()", "', '.join(['a', 'b'])", "''.join([])",
    "'hello'.find('l')", "'hello'.find('z')", "'hello'.rfind('l')", "'日本語'.find('語')", "'hello'.count('l')",
    "'hello'.index('e')", "'abc'.count('')", "'12'.isdigit()", "'1a'.isdigit()", "'ab'.isalpha()", "'a1'.isalnum()",
    "' \\n'.isspace()", "'AB'.isupper()", "'ab1'.islower()", "'a\\nb\\r\\nc'.splitlines()", "'a\\nb\\n'.splitlines(true)",
    "'abc'.removeprefix('a')", "'abc'.removesuffix('c')", "'7'.zfill(3)", "'-7'.zfill(4)", "'ab'.ljust(4, '.')",
    "'ab'.rjust(4)", "'ab'.center(5, '*')", "'a-b-c'.partition('-')", "'a-b-c'.rpartition('-')", "'abc'.partition('-')",
    "'{} {}'.format(1, 'b')", "'{1} {0}'.format('a', 'b')", "'{n:>4}|{x:.2f}|{s!r}'.format(n=3, x=2.345, s='q')",
    "'{:05d} {:,} {:x} {:%}'.format(42, 1234567, 255, 0.25)", "'{{}} {0.name} {0[age]}'.format(people[0])",
    "'{:<5}|{:^5}|{:>5}'.format('a', 'b', 'c')", "'{}'.format(none)", "'ΑΣ'.lower()", "'abc'.rindex('c')", "'x'.isnumeric()", "'a b'.isprintable()",
    "'{:.3} {:e} {:g}'.format('abcdef', 12345.678, 0.0001)",
])

FILTERS = expressions("filter", [
    "' a '|trim", "'xax'|trim('x')", "s|upper", "s|lower", "s|length", "u|length", "l|count", "'hello world-wide (web) it\\'s'|title",
    "'hELLO'|capitalize", "s|replace('l', 'L')", "s|replace('l', 'L', 1)", "5|replace(5, 6)", "missing|default('d')",
    "z|default('d')", "z|default('d', true)", "''|d('x', boolean=true)", "l|join(', ')", "l|join", "people|join('/', attribute='name')",
    "'abc'|list", "d|list", "l|first", "l|last", "[]|first is defined", "'abc'|first", "'abc'|last", "d|first", "5|string", "none|string ~ '!'",
    "'42'|int", "'4x'|int", "'4x'|int(-1)", "'0x1A'|int(0, 16)", "'3.9'|int", "3.9|int", "-3.9|int", "true|int", "'1e3'|int",
    "' 12 '|int", "'1_000'|int", "'2.5'|float", "'abc'|float", "'abc'|float(1.5)", "3|float", "'inf'|float", "'nan'|float", "d|items|list", "missing|items|list",
    "d|dictsort(by='key')|map(attribute=0)|list", "{'b': 1, 'A': 2, 'c': 0}|dictsort", "{'b': 1, 'A': 2, 'c': 0}|dictsort(true)",
    "{'b': 1, 'A': 2, 'c': 0}|dictsort(false, 'value')", "{'b': 1, 'A': 2}|dictsort(reverse=true)", "people|map(attribute='name')|list",
    "people|map(attribute='boss', default='none')|list", "words|map('upper')|list", "words|map('replace', 'a', 'o')|join(' ')",
    "deep.a.b|map(attribute='c')|sum", "people|map(attribute='tags.0', default='-')|list", "people|selectattr('age', 'equalto', 30)|map(attribute='name')|list",
    "people|selectattr('tags')|list|length", "people|selectattr('tags', 'defined')|list|length", "people|rejectattr('age', '==', 30)|map(attribute='name')|first",
    "people|rejectattr('tags', 'defined')|list|length", "[1, 2, 3, 4]|select('odd')|list", "[1, 2, 3, 4]|reject('odd')|list", "[0, 1, '', 'a']|select|list",
    "[0, 1, '', 'a']|reject|list", "[1, 5, 9]|select('greaterthan', 4)|list", "['a', 'b', 'A', 'a']|unique|list", "['a', 'A']|unique(true)|list",
    "people|unique(attribute='age')|map(attribute='name')|list", "words|sort", "words|sort(case_sensitive=true)", "l|sort(reverse=true)",
    "people|sort(attribute='age,name')|map(attribute='name')|list", "people|sort(attribute='age', reverse=true)|map(attribute='name')|list",
    "l|reverse|list", "'abc'|reverse", "d|reverse|list", "l|map('string')|reverse|first", "'a\\nb\\n\\nc'|indent", "'a\\nb\\n\\nc'|indent(2, true)", "'a\\n\\nb'|indent('> ', blank=true)",
    "'<a & \"b\">'|escape", "'<b>'|safe", "'<b>'|safe + '<i>'", "'<i>' + '<b>'|safe", "'<b>'|e|e", "'<b>'|forceescape|string|length", "2.5|round", "3.5|round", "2.675|round(2)", "42.55|round(1)",
    "42.55|round(1, 'floor')", "42.51|round(1, 'ceil')", "5|round", "1234|round(-2)", "1250|round(-2)", "-2.5|abs", "-3|abs", "l|sum", "people|sum(attribute='age')",
    "[]|sum", "[[1], [2]]|sum(start=[])", "l|min", "l|max", "words|min", "words|max(case_sensitive=true)", "people|max(attribute='age')|attr('name') is defined",
    "(people|min(attribute='age')).name", "[1, 2, 3, 4, 5]|batch(2)|list", "[1, 2, 3]|batch(2, 'x')|list", "[1, 2, 3, 4, 5]|slice(2)|list", "[1, 2, 3]|slice(2, 'x')|list",
    "'one two three four'|truncate(12)", "'one two three four'|truncate(12, true)", "'one two'|truncate(4, false, '…', 0)", "'a b-c d'|wordcount", "'ab'|center(6) ~ '|'",
    "'%s-%s'|format(1, 2)", "'%(a)s'|format(a=1)", "s|attr('upper') is callable", "d|attr('b') is defined", "missing|upper ~ '!'", "missing|list", "missing|length", "missing|join(',') ~ '!'",
    "none|list is defined if false else 'skip'", "(l|map('string')) is iterable", "(l|select('odd')) and 'always true'", "words|map('length')|max", "['b', none]|map('default', 'x', true)|list",
    "l|map('abs')|map('string')|join('+')", "[l, [9]]|map('first')|list", "[[2, 1], [1, 2]]|sort", "'a,b'|map('upper')|join", "{'x': 1}|map('upper')|join", "0.5|round|int", "1.5|round|int", "-0.5|round", "[3, 1]|sort|first",
])

JSON = expressions("json", [
    "d|tojson", "[1, 2.0, true, none, 'é\\n\"']|tojson", "{}|tojson", "[]|tojson(indent=2)", "d|tojson(indent=2)", "d|tojson(indent=4)|length",
    "d|tojson(indent='\\t')", "u|tojson", "u|tojson(ensure_ascii=true)", "d|tojson(separators=(',', ':'))", "{'b': 1, 'a': 2}|tojson(sort_keys=true)",
    "'<a href=\\'x\\'>&'|tojson", "(1, 2)|tojson", "{1: 2, none: 3, true: 4, 1.5: 5}|tojson", "'\\x00\\x1f\\x7f\\u2028'|tojson", "1e16|tojson", "1e-7|tojson",
    "'inf'|float|tojson", "'nan'|float|tojson", "[[], {}, [[]]]|tojson(indent=1)", "people|tojson", "[1]|tojson(indent=0)", "messages|tojson", "{'a': {'b': []}}|tojson(2)", "d|tojson(true, 1)",
], {**DATA, **CHAT})

TESTS = expressions("test", [
    "n is defined", "n is undefined", "z is none", "n is none", "s is string", "n is string", "d is mapping", "l is mapping", "l is sequence",
    "s is sequence", "d is sequence", "n is sequence", "missing is sequence", "l is iterable", "s is iterable", "n is iterable", "missing is iterable", "d.items() is sequence", "d.keys() is iterable",
    "n is number", "t is number", "x is float", "n is float", "n is integer", "t is integer", "t is boolean", "n is boolean", "t is true", "t is false",
    "1 is true", "0 is false", "n is odd", "n is even", "n is divisibleby 7", "n is divisibleby(3)", "n is eq 7", "n is equalto(8)", "n is ne 8", "n is lt 8", "n is ge(7)", "n is gt 7", "n is le 7",
    "n is in [7]", "s is in 'x'", "n is not in [7]", "n is not none", "s is lower", "'ab' is lower", "'AB' is upper", "range is callable", "n is callable", "z is sameas none", "t is sameas true",
    "'upper' is filter", "'nope' is filter", "'odd' is test", "s is escaped", "('a'|safe) is escaped", "not n is string", "n is string or n is number", "(1, 2) is sequence", "n is defined and n is odd", "n is not string", "range(3) is sequence", "(l|map('abs')) is sequence", "people|selectattr('boss', 'none')|list|length",
])

CONTROL = each("control", [
    "{% if n == 1 %}a{% elif n == 7 %}b{% else %}c{% endif %}",
    "{% if missing %}a{% else %}b{% endif %}",
    "{% if '' or [] or {} or 0 or none %}a{% else %}b{% endif %}",
    "{% for i in l %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for i in [] %}x{% else %}empty{% endfor %}",
    "{% for i in l if i > 1 %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in l if i > 9 %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in l if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for c in 'aé🙂' %}[{{ c }}]{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }} {% endfor %}",
    "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for i in l %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}",
    "{% for i in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for i in [1, 1, 2, 2, 1] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}",
    "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}",
    "{% for i in l %}{% for j in words %}{{ loop.index }}{% endfor %}:{{ loop.index }} {% endfor %}",
    "{% for i in l %}{% set outer = loop %}{% for j in [1, 2] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for i in missing %}x{% else %}nothing{% endfor %}",
    "{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}{{ range(3)|list }}{{ range(1, 4)|length }}",
    "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}{% endfor %}",
    "{% for m in messages[1:] %}{{ loop.index0 }}{{ m['role'] }} {% endfor %}",
    "{% for i in l|sort|reverse %}{{ i }}{% endfor %}",
    "{% for i in l|map('string') %}{{ i }}{{ loop.last }}{% endfor %}",
    "{% for i in l|map('string') %}{{ loop.length }}{{ i }}{% endfor %}",
    "{% for i in words|select('string') %}{{ loop.revindex }}{{ i }} {% endfor %}",
    "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}",
    "{% for i in l if loop is undefined %}{{ i }}{% endfor %}",
    "{% if n > 5 and s is string %}{{ 'yes' if t else 'no' }}{% endif %}",
    "{% print n, s %}",
    "{% for x in [1, 2] %}{% if x == 1 %}{% set y = 'one' %}{% else %}{% set y = 'two' %}{% endif %}{{ y }}{% endfor %}",
    "{% for i in [1, 2, 3] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}",
    "{% for i in d.a %}{{ i }}{% endfor %}{% for i in (l, words) %}{{ i|length }}{% endfor %}",
    "{% for i in range(0) %}{% else %}none{% endfor %}{% for i in range(2) %}{% break %}{% else %}none{% endfor %}",
], {**DATA, **CHAT})

SCOPES = each("scope", [
    "{% set a = 1 %}{{ a }}{% set a = a + 1 %}{{ a }}",
    "{% set a = 1 %}{% for i in l %}{% set a = i %}{{ a }}{% endfor %}{{ a }}",
    "{% for i in l %}{% set a = (a or 0) + i %}{{ a }}{% endfor %}",
    "{% set ns = namespace(a=1, b='x') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}",
    "{% set ns = namespace() %}{{ ns.a is defined }}{% set ns.a = 1 %}{{ ns.a }}{{ ns['a'] }}",
    "{% set ns = namespace({'k': 1}, j=2) %}{{ ns.k }}{{ ns.j }}{{ ns }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set (a, b), c = [(1, 2), 3] %}{{ a }}{{ b }}{{ c }}",
    "{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}",
    "{% set a %}x{{ n }}y{% endset %}{{ a }}{{ a|length }}",
    "{% set a | upper | trim %} x{{ s }} {% endset %}[{{ a }}]",
    "{% set ns = namespace() %}{% set ns.t %}text{% endset %}{{ ns.t }}",
    "{% if true %}{% set a = 1 %}{% endif %}{{ a }}",
    "{% if false %}{% set n = 1 %}{% endif %}{{ n }}",
    "{% for i in [1] %}{{ n }}{% endfor %}{% set n = 1 %}{{ n }}",
    "{% for i in [1] %}{{ n }}{% endfor %}{% if true %}{% set n = 1 %}{% endif %}{{ n }}",
    "{{ n }}{% for i in [1] %}{{ n }}{% endfor %}{% set n = 1 %}{{ n }}",
    "{% macro f() %}{{ n }}{% endmacro %}{{ f() }}{% set n = 1 %}{{ f() }}",
    "{% for i in [1, 2] %}{{ n }}{% set n = i %}{{ n }}{% endfor %}{{ n }}",
    "{% for i in [1, 2] %}{% set n = i %}{% for j in [1] %}{{ n }}{% endfor %}{% endfor %}{{ n }}",
    "{% for n in l %}{{ n }}{% endfor %}{{ n }}",
    "{% with %}{% set n = 1 %}{{ n }}{% endwith %}{{ n }}",
    "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% with n = 1, m = n %}{{ n }}{{ m }}{% endwith %}",
    "{% set a = 1 %}{% set b %}{% set a = 2 %}{{ a }}{% endset %}{{ a }}{{ b }}",
    "{% set a = 1 %}{% filter upper %}{% set a = 'q' %}{{ a }}{% endfilter %}{{ a }}",
    "{% filter upper|replace('L', '1') %}{{ s }} low{% endfilter %}",
    "{% for i in [1] %}{% if i == 2 %}{% set q = 1 %}{% endif %}{{ q is defined }}{% endfor %}",
    "{% set loop = 5 %}{{ loop }}",
    "{% set messages = [] %}{{ messages }}",
    "{% if n is defined %}{% set n = n + 1 %}{% endif %}{{ n }}",
    "{% if not missing is defined %}{% set missing = 'set' %}{% endif %}{{ missing }}",
    "{% set s = s ~ '!' %}{{ s }}",
    "{% set x = none %}{% for i in l %}{% set x = i %}{% endfor %}{{ x }}",
    "{% set ns = namespace(found=false) %}{% for p in people if not ns.found %}{% set ns.found = p.age == 25 %}{{ p.name }}{% endfor %}",
    "{% macro f(a) %}{% set n = a %}{{ n }}{% endmacro %}{{ f(1) }}{{ n }}",
])

MACROS = each("macro", [
    "{% macro f() %}hi{% endmacro %}{{ f() }}{{ f() }}",
    "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=4, a=5) }}",
    "{% macro f(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ f() }}",
    "{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(3) }}",
    "{% macro f(n=n) %}[{{ n }}]{% endmacro %}{{ f() }}{{ f(1) }}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}",
    "{% macro f(i) %}{{ i }}{% if i > 0 %}{{ f(i - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f(x) -%}\n  {{ x }}\n{%- endmacro %}{{ f('a')|upper }}",
    "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}body{{ n }}{% endcall %}",
    "{% macro f(items) %}{% for i in items %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(x, k) f(l) %}<{{ x }}{{ k }}>{% endcall %}",
    "{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f.name }}{{ f.arguments }}",
    "{% macro f() %}{{ n }}{% endmacro %}{% for i in [1] %}{% set n = i %}{{ f() }}{% endfor %}",
    "{% for i in [1, 2] %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}",
    "{% macro f(a) %}{{ g(a) }}{% endmacro %}{% macro g(a) %}<{{ a }}>{% endmacro %}{{ f(1) }}",
    "{% macro f(d) %}{% for k, v in d.items() %}{{ k }}:{% if v is mapping %}({{ f(v) }}){% else %}{{ v }}{% endif %};{% endfor %}{% endmacro %}{{ f({'a': {'b': 1, 'c': {'d': 2}}}) }}",
    "{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(**{'a': 3, 'b': 4}) }}{{ f(5, *[6]) }}",
    "{% macro f(ns) %}{% set ns.a = 2 %}{% endmacro %}{% set n = namespace(a=1) %}{{ f(n) }}{{ n.a }}",
    "{% set x = 'outer' %}{% macro f() %}{% set x = 'inner' %}{{ x }}{% endmacro %}{{ f() }}{{ x }}",
    "{% macro f(a='d') %}{{ a }}{% endmacro %}{{ f(none) }}{{ f(missing) }}",
    "{{ f is defined }}{% macro f() %}{% endmacro %}{{ f is defined }}{{ f is callable }}",
    "{% macro f(loop) %}{{ loop }}{% endmacro %}{{ f(1) }}",
    "{% if true %}{% macro f() %}x{% endmacro %}{% endif %}{{ f() }}",
    "{% macro f(a, caller=none) %}{{ a }}{{ caller is none }}{% endmacro %}{{ f(1) }}",
])

FUNCTIONS = each("function", [
    "{{ range(3)|list }}{{ range(2, 8, 3)|list }}{{ range(0)|list }}{{ range(5)[1:3]|list }}{{ range(5)[-1] }}{{ 3 in range(5) }}",
    "{{ dict(a=1, b='x') }}{{ dict({'a': 1}, a=2) }}{{ dict([('k', 'v')]) }}{{ dict() }}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}",
    "{% set j = joiner('; ') %}{% for i in l %}{{ j() }}{{ i }}{% endfor %}",
    "{{ strftime_now('%Y-%m-%d %H:%M:%S') }}",
    "{{ strftime_now('%d %b %Y, %A %B %j') }}",
    "{{ strftime_now('') }}",
    "{{ dict.fromkeys(['a', 'b'], 0) }}",
    "{{ add_generation_prompt }}{{ tools }}{{ documents }}{{ bos_token is defined }}",
    "{% if tools is none %}none{% endif %}{% if not tools %}not{% endif %}",
])

GENERATION = each("generation", [
    "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "é{% generation %}日本{% endgeneration %}!{% generation %}{% endgeneration %}x",
    "{% set a = 1 %}{% generation %}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}",
    "{% for m in messages -%}\n{%- if loop.last %}{%- generation -%}  {{ m.content }} {{ loop.index }}  {%- endgeneration -%}{% endif %}{% endfor %}",
    "{%- generation -%} a {%- endgeneration %}\n\nb",
    "a{% if n %}{% generation %}\n{{ n }}\n{% endgeneration %}\n{% endif %}c",
], {**DATA, **CHAT})

REASONING = each("reasoning", [
    "{{ messages|tojson }}",
    "{% for m in messages %}{{ m.reasoning_content }}|{{ m.thinking }}|{{ m.reasoning }} {% endfor %}",
], {"messages": [
    {"role": "assistant", "content": "a", "reasoning": "r"},
    {"role": "assistant", "content": "b", "thinking": "t"},
    {"role": "assistant", "reasoning_content": None, "content": "c", "reasoning": "q"},
    {"role": "assistant", "reasoning_content": "x", "content": "d", "thinking": "y"},
    {"role": "user", "content": "e"},
]})

ERRORS = each("error", [
    "{{ missing.attribute }}", "{{ missing['key'] }}", "{{ missing() }}", "{{ missing + 1 }}", "{{ -missing }}", "{{ missing < 1 }}", "{{ 1 + 'a' }}", "{{ 'a' + 1 }}",
    "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 1.0 / 0 }}", "{{ none + 1 }}", "{{ [] + () }}", "{{ 'a' < 1 }}", "{{ [1, 'a']|sort }}", "{{ none|length }}", "{{ 5|length }}", "{{ 5|list }}",
    "{{ d.missing.more }}", "{{ l.append(1) }}", "{{ d.update({}) }}", "{{ d.pop('a') }}", "{{ s.nope() }}", "{{ n() }}", "{{ d() }}", "{{ raise_exception('stop it') }}", "{{ range(100001) }}", "{{ range(1, 2, 0) }}",
    "{{ range('a') }}", "{% for i in 5 %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% set a, b = [1] %}", "{% set d.x = 1 %}", "{% set q.x = 1 %}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}", "{{ l[:'a'] }}", "{{ d[1:] }}", "{{ l[::0] }}", "{{ 'a'.split('') }}", "{{ 'a'.join([1]) }}", "{{ 'abc'.index('z') }}", "{{ [1].index(2) }}", "{{ 'a'.replace('a') }}",
    "{{ 'a'.strip(1) }}", "{{ missing|tojson }}", "{{ range|tojson }}", "{{ {(1, 2): 3}|tojson }}", "{{ {[1]: 2} }}", "{{ l|first|first }}", "{{ (l|map('string'))|length }}", "{{ (l|map('string'))|last }}", "{{ (l|map('string'))[0] }}", "{{ 'a'|abs }}",
    "{{ 'a'|round }}", "{{ l|join(attribute='x.y') }}", "{{ l|map('nope')|list }}", "{{ l|select('nope')|list }}", "{{ l|map(attribute='a.b')|list }}", "{{ l|batch }}", "{{ 5|items|list }}", "{{ l|dictsort }}", "{{ 'a' in 5 }}", "{{ 1 in 'a' }}",
    "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(b=1) }}", "{% macro f(a) %}{% endmacro %}{{ f(1, a=1) }}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % ('a',) }}", "{{ '%s' % (1, 2) }}",
    "{{ '{}'.format() }}", "{{ '{'.format(1) }}", "{{ s|indent(none) }}", "{{ z|indent }}", "{{ l|sum(start='') }}", "{{ dict(1) }}", "{{ (none).x.y }}", "{{ 0 ** -1 }}", "{{ s.format_map(1, 2) }}", "{{ loop.index }}",
    "{{ z|upper|int + z }}", "{{ x is divisibleby 0 }}", "{{ s is odd }}", "{{ 'inf'|float|int }}", "{{ s|replace('a') }}", "{{ tojson(1) }}", "{{ s.__class__.mro() }}", "{{ ''.join(missing_a.b) }}", "{{ (1 if false).x }}", "{{ namespace(_a=1) }}",
])

SYNTAX = each("syntax", [
    "{{ }}", "{{ 1 + }}", "{{ 'open }}", "{{ (1 }}", "{{ 1) }}", "{{ [1} }}", "{% if %}{% endif %}", "{% if true %}", "{% endif %}", "{% else %}", "{% for %}{% endfor %}", "{% for i %}{% endfor %}", "{% for i in %}{% endfor %}",
    "{% for i in l %}", "{% for i in l %}{% endif %}", "{% set %}", "{% set a = %}", "{% set 1 = 2 %}", "{% set a.b.c = 2 %}", "{% set true = 2 %}", "{% set a %}", "{% macro %}{% endmacro %}", "{% macro f %}{% endmacro %}", "{% macro f(a=1, b) %}{% endmacro %}",
    "{% macro f(1) %}{% endmacro %}", "{% break %}", "{% continue %}", "{% for i in l %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}", "{# open", "{% raw %}open", "{{ 1", "{% if true", "{{ a..b }}", "{{ a.'b' }}", "{{ | upper }}", "{{ 1 | }}", "{{ 1 is }}",
    "{{ f(a=1, 2) }}", "{{ f(**a, 1) }}", "{{ {1} }}", "{{ {'a' 1} }}", "{{ [1 2] }}", "{{ 1 2 }}", "{{ a = 1 }}", "{{ $ }}", "{{ a ? b }}", "{{ '\\x4' }}", "{{ x is defined is true }}", "{% call f %}{% endcall %}", "{% nonsense %}", "{% for i in l %}{% set loop = 1 %}{{ i }}{% endfor %}", "{% for loop in l %}{% endfor %}",
    "{% generation %}", "{% endgeneration %}", "{{ x|nope }}", "{{ x is nope }}", "{{ a if b else }}", "{% elif %}", "{% filter %}{% endfilter %}", "{% with a %}{% endwith %}", "{{ ! }}", "{{ a & b }}", "{% %}", "{{ not }}", "{% for i in l else %}{% endfor %}", "{{ 1.2.3 }}",
])

CONDITIONAL_LOOKUP = each("lookup", [
    "{% if false %}{{ n|nope }}{% endif %}ok", "{{ n|nope if false else 'ok' }}", "{{ 'ok' if true else n|nope }}", "{% if false %}{{ n is nope }}{% endif %}ok", "{% if true %}{{ n|nope }}{% endif %}", "{% if false %}{% for i in l %}{{ i|nope }}{% endfor %}{% endif %}ok",
])

CASES = {
    "whitespace": WHITESPACE,
    "expressions": LITERALS + ARITHMETIC + COMPARISONS + ACCESS,
    "strings": STRINGS,
    "filters": FILTERS + JSON,
    "value_tests": TESTS,
    "statements": CONTROL + SCOPES + MACROS + FUNCTIONS + GENERATION + REASONING,
    "errors": ERRORS + SYNTAX + CONDITIONAL_LOOKUP,
}
