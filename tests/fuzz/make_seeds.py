#!/usr/bin/env python3
"""Writes the binary seeds of fuzz_adapter and fuzz_gguf_tokenizer; run it in the repository's root. Needs no package."""
import json
import struct

SEEDS = "tests/fuzz/seeds/"


def safetensors(tensors):
    """An f32 safetensors file from {name: shape}, every value 0.5."""
    header, end = {}, 0
    for name, (rows, columns) in tensors.items():
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [end, end + 4 * rows * columns]}
        end += 4 * rows * columns
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + struct.pack("<f", 0.5) * (end // 4)


def adapter(config, tensors):
    return json.dumps(config).encode() + b"\0" + safetensors(tensors)


def factors(module, rank, rows, columns):
    prefix = "base_model.model.model.layers." + module
    return {prefix + ".lora_A.weight": (rank, columns), prefix + ".lora_B.weight": (rows, rank)}


def gguf_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(entries):
    """A GGUF v3 file without tensors from {key: str, bool, int, list of str or list of int}."""
    body = b""
    for key, value in entries.items():
        body += gguf_string(key)
        if isinstance(value, bool):
            body += struct.pack("<IB", 7, value)
        elif isinstance(value, int):
            body += struct.pack("<II", 4, value)
        elif isinstance(value, str):
            body += struct.pack("<I", 8) + gguf_string(value)
        elif isinstance(value[0], str):
            body += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(gguf_string(v) for v in value)
        else:
            body += struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + body


def byte_tokens():
    """The 256 characters that stand for bytes in byte-level BPE, by byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("\xa1"), ord("\xac") + 1), *range(ord("\xae"), 256)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) if b in plain else chr(256 + rest.index(b)) for b in range(256)]


def vocabulary(pre, **more):
    tokens = byte_tokens() + ["ab", "\u0120a", "\u0120ab", "12", "<|im_end|>", "</s>"]
    entries = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": tokens,
               "tokenizer.ggml.merges": ["a b", "\u0120 a", "\u0120a b", "1 2"],
               "tokenizer.ggml.token_type": [1] * 260 + [4, 3],
               "tokenizer.ggml.bos_token_id": 261, "tokenizer.ggml.eos_token_id": 260}
    return gguf(entries | {"tokenizer.ggml." + key: value for key, value in more.items()})


def write(name, data):
    with open(SEEDS + name, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    write("adapter/names", adapter({"peft_type": "LORA", "r": 1, "lora_alpha": 2, "bias": "none",
                                    "target_modules": ["layers.0.self_attn.q_proj"], "rank_pattern": {},
                                    "alpha_pattern": {"q_proj": 3}, "use_rslora": True},
                                   factors("0.self_attn.q_proj", 1, 64, 64)))
    write("adapter/regex", adapter({"peft_type": "LORA", "r": 3, "lora_alpha": 8.5, "lora_dropout": 0.1,
                                    "target_modules": r".*\.1\.self_attn\.(q|x)_proj", "modules_to_save": None,
                                    "rank_pattern": {r"layers\.1\.self_attn\.q_proj": 2}},
                                   factors("1.self_attn.q_proj", 2, 64, 64)))
    write("gguf_tokenizer/smollm", vocabulary("smollm", eot_token_id=260))
    write("gguf_tokenizer/llama-bpe", vocabulary("llama-bpe", add_bos_token=True, padding_token_id=261))
    write("gguf_tokenizer/qwen2", vocabulary("qwen2", add_eos_token=True))
