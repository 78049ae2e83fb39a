"""Seeded test strings for the tokenizer goldens: many scripts, emoji, white space, code, numbers.

Only code points that Unicode 14 assigns are used (Python 3.11's unicodedata), because engines disagree about later ones.
"""
import random
import unicodedata

assert unicodedata.unidata_version == "14.0.0", "run with Python 3.11, whose Unicode data are version 14"

WORDS = """the of and to in that it was for on are with as his they be at one have this from or had by hot word but what
some we can out other were all there when up use your how said an each she which do their time if will way about many
then them write would like so these her long make thing see him two has look more day could go come did number sound no
most people my over know water than call first who may down side been now find any new work part take get place made
live where after back little only round man year came show every good me give our under name very through just form
tokenizer gradient adapter matrix learning naïve café Zürich façade coöperate Straße Ærøskøbing señor übermäßig
Привет мир как дела сегодня хорошо спасибо большое язык модель обучение данные Ελληνικά γλώσσα καλημέρα κόσμε άνθρωπος
שלום עולם מה נשמע مرحبا بالعالم كيف حالك اليوم نص طويل नमस्ते दुनिया कैसे हो आप मॉडल ভাষা শেখা বাংলা தமிழ் மொழி
తెలుగు భాష ಕನ್ನಡ മലയാളം සිංහල ภาษาไทย สวัสดีชาวโลก ລາວ བོད་སྐད မြန်မာ ქართული ენა Հայերեն አማርኛ ᏣᎳᎩ ភាសាខ្មែរ
你好 世界 我们 学习 模型 语言 今天 天气 很好 こんにちは 世界 カタカナ ひらがな 日本語 학습 안녕하세요 세계 모델 언어
ﬁne oﬃce ①②③ Ⅷ ½ ¾ ² ³ ™ © ® ° € £ ¥ ∑ ∫ √ ≠ ≤ ∞ → ⇒ █ ▓ ♥ ♪""".split()

CONTRACTIONS = ["I'm", "don't", "WE'LL", "they've", "it's", "IT'S", "you'd", "we're", "rock'n'roll", "'tis", "y'all'd've",
                "it’s", "l'été", "'ſ", "K's", "'S", "'lL", "o'clock", "''", "'re", "x're'd"]

EMOJI = ["😀", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🇩🇪", "🇺🇸🇫🇷", "🏳️‍🌈", "❤️", "❤️‍🔥", "1️⃣", "#️⃣", "🤷🏻‍♀️", "🧑🏿‍🚀", "🫠", "🥲",
         "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "☺", "☺️", "✈︎", "🀄", "🂡", "💯💯💯", "👁️‍🗨️"]

CODE = ["def f(x):\n    return x ** 2 + 1\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}", "if x != None and y >= 3:",
        '{"key": [1, 2.5, null, true], "nested": {"a": "b\\n"}}', "<div class=\"row\">\n  <p>Hello&nbsp;world</p>\n</div>",
        "SELECT * FROM t WHERE id=42;", "git commit -m 'fix: a bug' && git push --force", "std::vector<int32_t> v{1,2,3};",
        "#include <stdio.h>\r\nint main(void){printf(\"%d\\n\",1);}\r\n", "https://example.com/a?b=c&d=%20e#frag",
        "user@example.org", "x = [i for i in range(10) if i % 2 == 0]", "    \t  indented\n\n\n\tmore", "a->b.c::d<e>(f)[g]",
        "/* comment */ // other", "\\frac{a}{b} \\alpha_{i}^{2}", "lambda: (yield)", "0x1F 0b1010 1e-5 3.14f 1_000_000",
        "```python\nprint('hi')\n```", "| a | b |\n|---|---|\n| 1 | 2 |", "--flag=value -x", "$HOME/.cache/*.txt", "C:\\Users\\x"]

SPACES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\t\t", "\u00a0", "\u3000", "\u2003", "\u200b", "\u0085", "\u2028",
          "\u2029", "\u180e", "\v", "\f", "\u1680", "\u205f", " \n", "\n ", "\u202f", "\x1c", "\x1f"]

CONTROLS = ["\x00", "\x01", "\x07", "\x08", "\x1b", "\x7f", "\x80", "\x9f", "\u200d", "\u200c", "\u200e", "\u202e", "\u2066",
            "\ufeff", "\u00ad", "\ufffd", "\ufffc", "\ue000", "\U000f0000", "\U0010fffd", "\u034f", "\u061c", "\ufe0f"]

PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "!!", "?!", "--", "==", "«", "»", "“", "”", "‘", "’", "–", "—",
                                                          "…", "¿", "¡", "、", "。", "「", "」", "！", "？", "،", "؟", "।", "·", "§"]

BLOCKS = [(0x21, 0x7E), (0xA1, 0xFF), (0x100, 0x17F), (0x180, 0x24F), (0x250, 0x2AF), (0x2B0, 0x2FF), (0x300, 0x36F),
          (0x370, 0x3FF), (0x400, 0x4FF), (0x500, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x7BF), (0x7C0, 0x85F),
          (0x860, 0x8FF), (0x900, 0x97F), (0x980, 0x9FF), (0xA00, 0xAFF), (0xB00, 0xBFF), (0xC00, 0xCFF), (0xD00, 0xDFF),
          (0xE00, 0xEFF), (0xF00, 0xFFF), (0x1000, 0x109F), (0x10A0, 0x11FF), (0x1200, 0x139F), (0x13A0, 0x169F),
          (0x16A0, 0x177F), (0x1780, 0x18AF), (0x18B0, 0x1AAF), (0x1AB0, 0x1CFF), (0x1D00, 0x1DFF), (0x1E00, 0x1FFF),
          (0x2000, 0x206F), (0x2070, 0x20CF), (0x20D0, 0x214F), (0x2150, 0x22FF), (0x2300, 0x24FF), (0x2500, 0x27BF),
          (0x27C0, 0x2BFF), (0x2C00, 0x2DFF), (0x2E00, 0x2FFF), (0x3000, 0x30FF), (0x3100, 0x33FF), (0x3400, 0x4DBF),
          (0x4E00, 0x9FFF), (0xA000, 0xA4CF), (0xA4D0, 0xA7FF), (0xA800, 0xABFF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
          (0xFB00, 0xFDFF), (0xFE00, 0xFE6F), (0xFE70, 0xFFEF), (0x10000, 0x103FF), (0x10400, 0x107FF), (0x10800, 0x10FFF),
          (0x11000, 0x113FF), (0x11400, 0x11AFF), (0x11B00, 0x123FF), (0x12400, 0x16AFF), (0x16B00, 0x18AFF),
          (0x18B00, 0x1BFFF), (0x1CF00, 0x1D1FF), (0x1D200, 0x1D7FF), (0x1D800, 0x1E7FF), (0x1E800, 0x1EFFF),
          (0x1F000, 0x1F2FF), (0x1F300, 0x1F5FF), (0x1F600, 0x1F9FF), (0x1FA00, 0x1FBFF), (0x20000, 0x2FA1F), (0x30000, 0x3134A)]

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<mask>", "<word>", "<Norm É>", "<|", "|>", "<|im_start",
            "<unk>", "<tool>", "<tool><tool>", "<toolbox>", "<0x0A>", "[UNK]", "▁", "Ġ", "Ċ", "é<mask> "]


def assigned(code_point):
    return unicodedata.category(chr(code_point)) not in ("Cn", "Cs")


POOLS = [[c for c in range(a, b + 1) if assigned(c)] for a, b in BLOCKS]
POOLS = [pool for pool in POOLS if pool]
MARKS = [c for c in range(0x110000) if assigned(c) and unicodedata.category(chr(c)).startswith("M")]
DIGITS = [c for c in range(0x110000) if assigned(c) and unicodedata.category(chr(c)).startswith("N")]


def number(rng):
    return rng.choice([
        lambda: str(rng.randrange(10 ** rng.randrange(1, 16))),
        lambda: f"{rng.randrange(10 ** 6):,}.{rng.randrange(100):02}",
        lambda: f"{rng.randrange(1900, 2100)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        lambda: hex(rng.randrange(2 ** 32)),
        lambda: "".join(chr(rng.choice(DIGITS)) for _ in range(rng.randrange(1, 8))),
        lambda: f"{rng.random():.{rng.randrange(1, 9)}f}",
        lambda: "".join(chr(0x660 + rng.randrange(10)) for _ in range(rng.randrange(1, 6))),
        lambda: f"{rng.randrange(100)}th v{rng.randrange(10)}.{rng.randrange(10)} x{rng.randrange(9)}y",
    ])()


def block_run(rng, most=10):
    pool = rng.choice(POOLS)
    return "".join(chr(rng.choice(pool)) for _ in range(rng.randrange(1, most)))


def combining(rng):
    return "".join(rng.choice("aeiouAEn가कшا中") + "".join(chr(rng.choice(MARKS)) for _ in range(rng.randrange(4)))
                   for _ in range(rng.randrange(1, 5)))


PIECES = [
    (6, lambda rng: rng.choice(WORDS)), (5, lambda rng: rng.choice(SPACES)), (4, lambda rng: " "),
    (3, lambda rng: rng.choice(PUNCTUATION)), (2, number), (2, block_run), (2, lambda rng: rng.choice(CONTRACTIONS)),
    (1, lambda rng: rng.choice(EMOJI)), (1, lambda rng: rng.choice(CODE)), (1, lambda rng: rng.choice(CONTROLS)),
    (1, combining), (1, lambda rng: rng.choice(SPECIALS)), (1, lambda rng: rng.choice(WORDS).upper()),
]
PIECE_WEIGHTS = [weight for weight, _ in PIECES]


def mixed(rng, most=14):
    return "".join(rng.choices(PIECES, PIECE_WEIGHTS)[0][1](rng) for _ in range(rng.randrange(1, most)))


def sentence(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randrange(2, 12))]
    return " ".join(words).capitalize() + rng.choice([".", "!", "?", "...", "", "\n"])


def test_strings(seed=14):
    """About 5,600 distinct strings in a random order."""
    rng = random.Random(seed)
    strings = ["", " ", "  ", "\n", "a", "é", "e\u0301", "中", "😀"]
    strings += [chr(c) for c in range(0x00, 0x180)]
    strings += WORDS + CONTRACTIONS + EMOJI + CODE + SPACES + CONTROLS + PUNCTUATION + SPECIALS
    for pool in POOLS:
        strings += ["".join(chr(rng.choice(pool)) for _ in range(rng.randrange(1, 9))) for _ in range(12)]
        strings += [" " + chr(rng.choice(pool)) + rng.choice(SPACES) + chr(rng.choice(pool)) for _ in range(5)]
    strings += [sentence(rng) for _ in range(350)]
    strings += [mixed(rng) for _ in range(1300)]
    strings += ["".join(rng.choice(SPACES) for _ in range(rng.randrange(1, 7))) + rng.choice(["", "x", "é", "1", "."])
                for _ in range(400)]
    strings += [rng.choice(WORDS) + "".join(rng.choice(SPACES) for _ in range(rng.randrange(1, 5))) + rng.choice(WORDS)
                for _ in range(350)]
    strings += [number(rng) for _ in range(250)] + [combining(rng) for _ in range(250)]
    strings += ["".join(rng.choice(EMOJI) for _ in range(rng.randrange(1, 5))) for _ in range(100)]
    strings += [rng.choice(CODE) + rng.choice(CODE) for _ in range(60)]
    strings += [rng.choice(SPECIALS).join(mixed(rng, 3) for _ in range(rng.randrange(2, 4))) for _ in range(350)]
    strings += [rng.choice(SPACES) + rng.choice(SPECIALS) + rng.choice(SPACES + WORDS) for _ in range(150)]
    strings += [rng.choice(WORDS)[:3] * rng.randrange(2, 60) for _ in range(60)]
    strings += [c * n for c in ["a", " ", "\n", "=", "-", "é", "中", "😀", "0", "\u0301"] for n in (2, 3, 5, 17, 40, 130)]
    strings = list(dict.fromkeys(strings))
    rng.shuffle(strings)
    return strings


def training_lines(seed=7, count=4000):
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choices([sentence, mixed, lambda r: r.choice(CODE)], [8, 1, 1])[0](rng)
