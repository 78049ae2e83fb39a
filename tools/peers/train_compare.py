"""LoRA training with temper against PyTorch + PEFT, side by side on one machine: speed, peak memory, first losses.

Runs the two programs by turns (A B A B ...), each in a process of its own, on the same rows in the same order, and
prints a table of medians and one JSON line. Both read the same folder of 16-bit weights, which `temper merge` makes
when --model is a .gguf file. Rows fill --seq-len tokens, so nothing is padded. temper feeds a row's tokens but the
last, which is only predicted; PEFT feeds all of them and drops the last one's prediction.
Needs the packages of tools/golden/requirements.txt and a built program. Usage:
  python tools/peers/train_compare.py --model SmolLM2-135M-Instruct.Q4_1.gguf [--dtypes bf16,f32] [--rounds 3] [--compile]
"""

import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "tools/peers/peft_train_bench.py"
TEXTS = ROOT / "tools/golden/texts"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True, help=".gguf file or Hugging Face folder")
    parser.add_argument("--temper", type=pathlib.Path, default=ROOT / "build/release/temper")
    parser.add_argument("--dtypes", default="bf16,f32")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program")
    parser.add_argument("--steps", type=int, default=8, help="steps of a run; the first is not timed")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--seq-len", type=int, default=256)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="a third program: PyTorch + PEFT, compiled")
    parser.add_argument("--no-peft", action="store_true", help="temper alone")
    return parser.parse_args()


def write_rows(path, count, length):
    """`count` rows of text, each of more than `length` tokens: windows of our own texts at different offsets."""
    text = "".join((TEXTS / f"{name}.txt").read_text(encoding="utf-8") for name in ("prose", "code", "records"))
    size = 6 * length  # even prose has fewer than six characters a token
    text *= 2 + size // len(text)
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            start = 977 * i % (len(text) - size)
            file.write(json.dumps({"text": text[start : start + size]}) + "\n")


def json_lines(command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"train_compare: {command[0]} failed: {result.stderr.strip()[-2000:]}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def run_temper(arguments, model, rows, dtype, folder):
    lines = json_lines([
        arguments.temper, "train", "--model", model, "--data", rows, "--out", folder / "run", "--overwrite", "--samples", 0,
        "--no-shuffle", "--steps", arguments.steps, "--batch-size", arguments.batch_size, "--seq-len", arguments.seq_len,
        "--rank", arguments.rank, "--alpha", 2 * arguments.rank, "--targets", "all-linear", "--lr", 1e-4,
        "--schedule", "constant", "--warmup", 0, "--dtype", dtype, "--threads", arguments.threads, "--log-json",
    ])
    return lines[-1] | {"losses": [line["loss"] for line in lines if line.get("type") == "train"]}


def run_peft(arguments, model, rows, dtype, compiled):
    flags = ["--compile"] if compiled else []
    return json_lines([
        sys.executable, BENCH, "--model", model, "--data", rows, "--dtype", dtype, "--steps", arguments.steps,
        "--batch-size", arguments.batch_size, "--seq-len", arguments.seq_len, "--rank", arguments.rank,
        "--alpha", 2 * arguments.rank, "--lr", 1e-4, "--threads", arguments.threads, *flags,
    ])[-1]


def summary(name, dtype, runs):
    speeds = [run["tokens_per_s"] for run in runs]
    return {
        "program": name,
        "dtype": dtype,
        "tokens_per_s": round(statistics.median(speeds), 1),
        "tokens_per_s_runs": [round(speed, 1) for speed in speeds],
        "step_ms_median": round(statistics.median(run["step_ms_median"] for run in runs), 1),
        "peak_rss_gb": round(statistics.median(run["peak_rss_bytes"] for run in runs) / 1e9, 3),
        "first_loss": round(runs[0]["losses"][0], 4),
        "last_loss": round(runs[0]["losses"][-1], 4),
    }


def print_table(results):
    print(f"{'dtype':6}{'program':24}{'tokens/s':>10}  {'(runs)':26}{'step ms':>9}{'peak GB':>9}{'first loss':>12}")
    for result in results:
        runs = " ".join(f"{speed:.0f}" for speed in result["tokens_per_s_runs"])
        print(f"{result['dtype']:6}{result['program']:24}{result['tokens_per_s']:>10.1f}  {runs:26}"
              f"{result['step_ms_median']:>9.0f}{result['peak_rss_gb']:>9.2f}{result['first_loss']:>12.4f}")


def ratios(results):
    """temper's speed and memory over each other program's, by dtype."""
    found = []
    for ours in (r for r in results if r["program"] == "temper"):
        for theirs in (r for r in results if r["dtype"] == ours["dtype"] and r["program"] != "temper"):
            found.append({
                "dtype": ours["dtype"],
                "against": theirs["program"],
                "speed": round(ours["tokens_per_s"] / theirs["tokens_per_s"], 3),
                "memory": round(ours["peak_rss_gb"] / theirs["peak_rss_gb"], 3),
            })
    return found


def main():
    arguments = parse_arguments()
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        model = arguments.model.resolve()
        if model.suffix == ".gguf":
            subprocess.run([arguments.temper, "merge", "--model", model, "--out", folder / "base"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            model = folder / "base"
        rows = folder / "rows.jsonl"
        write_rows(rows, arguments.steps * arguments.batch_size, arguments.seq_len)
        for dtype in arguments.dtypes.split(","):
            programs = {"temper": lambda: run_temper(arguments, model, rows, dtype, folder)}
            if not arguments.no_peft:
                programs["pytorch+peft eager"] = lambda: run_peft(arguments, model, rows, dtype, False)
            if arguments.compile:
                programs["pytorch+peft compiled"] = lambda: run_peft(arguments, model, rows, dtype, True)
            runs = {name: [] for name in programs}
            for _ in range(arguments.rounds):
                for name, program in programs.items():
                    runs[name].append(program())
            results += [summary(name, dtype, runs[name]) for name in programs]
    print_table(results)
    for ratio in ratios(results):
        print(f"{ratio['dtype']}: temper has {ratio['speed']:.2f} times the speed and {ratio['memory']:.2f} times the memory "
              f"of {ratio['against']}")
    settings = {key: getattr(arguments, key) for key in ("rounds", "steps", "batch_size", "seq_len", "rank", "threads")}
    print(json.dumps({"machine": platform.machine(), **settings, "results": results, "ratios": ratios(results)}))


if __name__ == "__main__":
    main()
