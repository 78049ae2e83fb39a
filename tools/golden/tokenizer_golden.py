"""Writes the tokenizer goldens: small tokenizers trained by Hugging Face `tokenizers`, and its ids for seeded strings.

    python tools/golden/tokenizer_golden.py                 # rewrites tests/golden/data/tokenizer
    python tools/golden/tokenizer_golden.py --gguf FILE --vocab VOCAB.json --cases IDS.jsonl
                                                             # a real vocabulary, for the --long tests

Written with tokenizers 0.23.3 on Python 3.11.7. Files, one line a string, all of ASCII JSON:
    strings.jsonl          the test strings
    NAME.tokenizer.json    a tokenizer
    NAME.ids.jsonl         for each string its ids (all strings for smollm, the first 400 for the others), then eight
                           hexadecimal digits: the checksum of the ids (FNV-1a of their little-endian bytes)
    NAME.decode.jsonl      [ids, decoded text, decoded text without special tokens]
"""
import argparse
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tokenizer_strings  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/data/tokenizer"
SEED = 20
FULL_IDS = 400

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
            r"\s*[\r\n]+|\s+(?!\S)|\s+")


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(pattern, behavior, invert)


def byte_level(use_regex=True, add_prefix_space=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space, use_regex=use_regex)


def sequence(*steps):
    return pre_tokenizers.Sequence(list(steps))


def special(*contents):
    return [AddedToken(content, special=True, normalized=False) for content in contents]


ODD_TOKENS = [
    AddedToken("<mask>", lstrip=True, special=True, normalized=False),
    AddedToken("<word>", single_word=True, normalized=False), AddedToken("the", single_word=True, normalized=True),
    AddedToken("</s>", rstrip=True, lstrip=True, normalized=False), AddedToken("<Norm É>", normalized=True),
    AddedToken("<tool>", rstrip=True, normalized=True), AddedToken("<toolbox>", normalized=False), AddedToken("  ", normalized=True),
    AddedToken("\n\n", normalized=False), AddedToken("é", single_word=True, normalized=False), AddedToken("世界", normalized=False),
]
SENTENCE_PIECE_DECODER = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])

# name: how the tokenizer is laid out. `vocab` tokens are trained; `added` are added before training (special, in the
# vocabulary), `extra` after it.
LAYOUTS = {
    "smollm": dict(pre=sequence(pre_tokenizers.Digits(True), byte_level()), added=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                   vocab=1500),
    "gpt2": dict(pre=byte_level(), extra=special("<|endoftext|>")),
    "roberta": dict(pre=byte_level(add_prefix_space=True), added=["<s>", "</s>", "<mask>"],
                    post=processors.RobertaProcessing(("</s>", 1), ("<s>", 0))),
    "llama3": dict(pre=sequence(split(Regex(LLAMA3)), byte_level(False)), ignore_merges=True, extra=special("<s>", "<|im_end|>"),
                   bos="<s>"),
    "qwen2": dict(normalizer=normalizers.NFC(), pre=sequence(split(Regex(QWEN2)), byte_level(False)),
                  extra=special("<|endoftext|>", "<|im_start|>", "<|im_end|>") + [AddedToken("<tool>", normalized=False)]),
    "gpt4o": dict(pre=sequence(split(Regex(GPT4O)), byte_level(False)), extra=special("<|endoftext|>")),
    "deepseek": dict(pre=sequence(split(Regex(r"\p{N}{1,3}")), split(Regex("[一-龥\u3040-ゟ゠-ヿ]+")), split(Regex(DEEPSEEK)),
                                  byte_level(False)), extra=special("<s>")),
    "falcon": dict(pre=sequence(pre_tokenizers.Punctuation("contiguous"), byte_level(), pre_tokenizers.Digits(False),
                                split(Regex("[0-9][0-9][0-9]"))), added=["<|endoftext|>"]),
    "behaviors": dict(pre=sequence(split(Regex(r"[\r\n]"), "merged_with_previous"), split("--", "removed"), split(",", "contiguous"),
                                   split(Regex(r"\w+|[^\w\s]+"), "merged_with_next", True), split(Regex(r"\b(?=x)|$")),
                                   pre_tokenizers.Digits(False), byte_level(False))),
    "added": dict(normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]), pre=byte_level(),
                  extra=ODD_TOKENS),
    "nfd": dict(normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.Replace(Regex(r"\s{2,}"), " "),
                                                 normalizers.Replace("..", "…")]), pre=byte_level(), extra=ODD_TOKENS),
    "sentencepiece": dict(normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), pre=None,
                          model=dict(byte_fallback=True, unk_token="<unk>", fuse_unk=True), added=["<unk>", "<s>", "</s>"],
                          decoder=SENTENCE_PIECE_DECODER, bos="<s>"),
    "gemma": dict(normalizer=normalizers.Replace(" ", "▁"), pre=split(" ", "merged_with_previous"),
                  model=dict(byte_fallback=True), extra=special("<s>") + [AddedToken("\n\n", normalized=False)],
                  decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])),
    "characters": dict(normalizer=normalizers.NFKD(), pre=split(Regex(r"\s+"), "removed"), decoder=None, added=["<unk>"],
                       model=dict(unk_token="<unk>")),
}


def train(layout):
    tokenizer = Tokenizer(models.BPE(**layout.get("model", {})))
    tokenizer.normalizer = layout.get("normalizer")
    if layout["pre"] is not None:
        tokenizer.pre_tokenizer = layout["pre"]
    decoder = layout.get("decoder", decoders.ByteLevel())
    if decoder is not None:
        tokenizer.decoder = decoder
    fallback = layout.get("model", {}).get("byte_fallback", False)
    is_byte_level = "decoder" not in layout
    trainer = trainers.BpeTrainer(
        vocab_size=layout.get("vocab", 700), show_progress=False, special_tokens=layout.get("added", []),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()) if is_byte_level else [],
        limit_alphabet=1000 if is_byte_level else 200, max_token_length=12)
    tokenizer.train_from_iterator(tokenizer_strings.training_lines(), trainer)
    description = json.loads(tokenizer.to_str())
    description["model"]["ignore_merges"] = layout.get("ignore_merges", False)
    if fallback:
        vocab = description["model"]["vocab"]
        for byte in range(256):
            vocab.setdefault(f"<0x{byte:02X}>", len(vocab))
    tokenizer = Tokenizer.from_str(json.dumps(description))
    tokenizer.add_tokens(layout.get("extra", []))
    if "post" in layout:
        tokenizer.post_processor = layout["post"]
    if "bos" in layout:
        bos = layout["bos"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, tokenizer.token_to_id(bos))])
    return tokenizer


def checksum(ids):
    value = 0x811C9DC5
    for token in ids:
        for byte in token.to_bytes(4, "little"):
            value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value:08x}"


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def decode_cases(tokenizer, rng, count):
    """Random ids (which split characters), and true encodings with a piece cut out."""
    size = tokenizer.get_vocab_size()
    low = [tokenizer.token_to_id(token) for token in pre_tokenizers.ByteLevel.alphabet()]
    low += [tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256)]
    low = [token for token in low if token is not None]
    for index in range(count):
        kind = index % 4
        if kind == 0:
            ids = [rng.randrange(size) for _ in range(rng.randrange(1, 12))]
        elif kind == 1:
            ids = [rng.choice(low) for _ in range(rng.randrange(1, 16))]
        else:
            ids = tokenizer.encode(tokenizer_strings.mixed(rng)).ids
            if kind == 3 and ids:
                start = rng.randrange(len(ids))
                ids = ids[:start] + ids[start + rng.randrange(1, 3):]
        yield [ids, tokenizer.decode(ids, skip_special_tokens=False), tokenizer.decode(ids, skip_special_tokens=True)]


def ids_without_special(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def write_small_tokenizers():
    DATA.mkdir(parents=True, exist_ok=True)
    strings = tokenizer_strings.test_strings()
    write_lines(DATA / "strings.jsonl", strings)
    for name, layout in LAYOUTS.items():
        tokenizer = train(layout)
        (DATA / f"{name}.tokenizer.json").write_text(json.dumps(json.loads(tokenizer.to_str()), separators=(",", ":")) + "\n")
        full = len(strings) if name == "smollm" else FULL_IDS
        ids = [ids_without_special(tokenizer, text) for text in strings]
        write_lines(DATA / f"{name}.ids.jsonl", [row if i < full else checksum(row) for i, row in enumerate(ids)])
        write_lines(DATA / f"{name}.decode.jsonl", decode_cases(tokenizer, random.Random(SEED), 160))
    print(f"{len(strings)} strings, {sum(f.stat().st_size for f in DATA.iterdir())} bytes in all")


def write_real_vocabulary(gguf_path, vocab_path, cases_path):
    """SmolLM2's vocabulary out of a GGUF file, put together the way its tokenizer.json does."""
    import gguf
    fields = gguf.GGUFReader(gguf_path).fields
    read = lambda key: fields[f"tokenizer.ggml.{key}"].contents()  # noqa: E731
    assert read("pre") == "smollm"
    dump = {key: read(key) for key in ("model", "pre", "tokens", "merges", "token_type", "bos_token_id", "eos_token_id")}
    vocab = {token: index for index, token in enumerate(dump["tokens"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in dump["merges"]]))
    tokenizer.pre_tokenizer = LAYOUTS["smollm"]["pre"]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special(*[t for t, kind in zip(dump["tokens"], dump["token_type"]) if kind == 3]))
    pathlib.Path(vocab_path).write_text(json.dumps(dump))
    strings = tokenizer_strings.test_strings() + tokenizer_strings.test_strings(seed=15)
    write_lines(pathlib.Path(cases_path), [[text, ids_without_special(tokenizer, text)] for text in dict.fromkeys(strings)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", help="a GGUF file with SmolLM2's vocabulary")
    parser.add_argument("--vocab", help="where its vocabulary goes as JSON")
    parser.add_argument("--cases", help="where the [text, ids] lines go")
    arguments = parser.parse_args()
    if arguments.gguf:
        write_real_vocabulary(arguments.gguf, arguments.vocab, arguments.cases)
    else:
        write_small_tokenizers()
