"""Prompts and decoding with temper against llama.cpp on one .gguf file, side by side on one machine.

Runs the programs by turns (A B A B ...), each in a process of its own, on the same token ids, and prints a table of
medians with the runs, and one JSON line. llama.cpp computes the products of a quantized weight in 8-bit activations;
temper's rows name the arithmetic. Replies are compared: the column `same` counts the equal tokens at their start.
Needs `pip install -r tools/peers/requirements.txt` (llama-cpp-python is built from source) and a built program. Usage:
  python tools/peers/generate_compare.py --model SmolLM2-135M-Instruct.Q4_1.gguf [--rounds 5] [--prompt 512] [--tokens 64]
"""

import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = ROOT / "tools/golden/texts/prose.txt"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True, help=".gguf file")
    parser.add_argument("--temper", type=pathlib.Path, default=ROOT / "build/release/temper")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=64, help="tokens decoded after it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-extra-buffers", action="store_true",
                        help="llama.cpp neither repacks weights nor uses AMX, whose kernels ended with SIGILL on one machine")
    return parser.parse_args()


def output_of(command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"generate_compare: {command[0]} failed with status {result.returncode}: {result.stderr.strip()[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def prompt_ids(arguments):
    text = TEXT.read_text(encoding="utf-8")
    result = subprocess.run([arguments.temper, "tokenize", "--model", arguments.model, "--jsonl"], check=True,
                            input=json.dumps(text) + "\n", capture_output=True, text=True)
    ids = json.loads(result.stdout.splitlines()[0])
    while len(ids) < arguments.prompt:
        ids += ids
    return ",".join(map(str, ids[: arguments.prompt]))


def run_temper(arguments, ids, weights, dtype):
    command = [arguments.temper, "generate", "--model", arguments.model, "--ids", ids, "--ignore-eos", "--json",
               "--weights", weights, "--dtype", dtype, "--threads", arguments.threads]
    result = output_of([*command, "--max-tokens", arguments.tokens + 1])
    start = time.perf_counter()
    output_of([*command, "--max-tokens", 1])
    return result | {"first_token_s": time.perf_counter() - start}


def run_llama_cpp(arguments, ids):
    flags = ["--no-extra-buffers"] if arguments.no_extra_buffers else []
    return output_of([sys.executable, ROOT / "tools/peers/llama_cpp_bench.py", "--model", arguments.model, "--ids", ids,
                      "--tokens", arguments.tokens, "--threads", arguments.threads, *flags])


def equal_tokens(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def main():
    arguments = parse_arguments()
    ids = prompt_ids(arguments)
    programs = {
        "llama.cpp": lambda: run_llama_cpp(arguments, ids),
        "temper quantized bf16": lambda: run_temper(arguments, ids, "quantized", "bf16"),
        "temper quantized f32": lambda: run_temper(arguments, ids, "quantized", "f32"),
        "temper dense bf16": lambda: run_temper(arguments, ids, "dense", "bf16"),
    }
    runs = {name: [] for name in programs}
    for _ in range(arguments.rounds):
        for name, program in programs.items():
            runs[name].append(program())

    columns = ("prompt_tokens_per_s", "decode_tokens_per_s", "first_token_s")
    results = []
    for name, all_runs in runs.items():
        result = {"program": name, "same": equal_tokens(all_runs[0]["ids"], runs["llama.cpp"][0]["ids"])}
        for column in columns:
            values = [run[column] for run in all_runs]
            result |= {column: statistics.median(values), f"{column}_runs": [round(value, 3) for value in values]}
        results.append(result)
    peer = results[0]
    print(f"prompt of {arguments.prompt} tokens, {arguments.tokens} decoded after it, {arguments.threads} threads, "
          f"medians of {arguments.rounds} runs by turns; times llama.cpp in brackets")
    print(f"{'program':24}{'prompt tokens/s':>20}{'decoded tokens/s':>20}{'first token s':>18}{'same':>6}")
    for result in results:
        ratio = {column: result[column] / peer[column] for column in columns}
        print(f"{result['program']:24}" + "".join(
            f"{result[column]:>{width}.{digits}f} ({ratio[column]:.2f})"
            for column, width, digits in zip(columns, (13, 13, 11), (0, 1, 3))) + f"{result['same']:>6}")
    for result in results:
        print(f"  {result['program']}: decode runs {' '.join(f'{v:.0f}' for v in result['decode_tokens_per_s_runs'])}")
    settings = {key: getattr(arguments, key) for key in ("rounds", "prompt", "tokens", "threads")}
    print(json.dumps({"machine": platform.machine(), **settings, "results": results}))


if __name__ == "__main__":
    main()
