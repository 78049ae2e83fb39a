"""What `./dev bench --peers` runs: every op and a training run beside the peers, by turns, into bench/RESULTS.md.

Writes bench/results.json (all numbers) and bench/RESULTS.md (tables with machine, versions, commit and spread). Run it
on an idle machine: nothing here can tell a busy one.
"""

import argparse
import datetime
import importlib.metadata
import json
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPER = ROOT / "build/release/temper"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="SmolLM2-135M, for the training run")
    parser.add_argument("--rounds", type=int, default=9, help="samples of an op")
    parser.add_argument("--train-rounds", type=int, default=3, help="training runs of each program; 0: none")
    parser.add_argument("--dtypes", default="f32,bf16")
    parser.add_argument("--peers", default="torch,mlx", help="of the ops")
    parser.add_argument("--filter", default="", help="only ops whose name holds this")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "bench")
    return parser.parse_args()


def output_of(command):
    result = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"bench_peers: {' '.join(map(str, command))} failed:\n{result.stderr.strip()[-2000:]}")
    return result.stdout


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def time_text(seconds):
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def spread(timing):
    return 100 * (timing["p90"] - timing["p10"]) / timing["median"]


def op_table(run):
    lines = [f"### {run['dtype']}, against {run['peer']}", "",
             "| op | shape | temper | spread | of the limit | peer | spread | peer / temper |", "|---|---|--:|--:|--:|--:|--:|--:|"]
    for case in run["cases"]:
        line = (f"| {case['op']} | {case['shape']} {case['dtype']} | {time_text(case['seconds']['median'])} | "
                f"{spread(case['seconds']):.0f} % | {case['limit_percent']:.0f} % |")
        if "peer_seconds" in case:
            line += f" {time_text(case['peer_seconds']['median'])} | {spread(case['peer_seconds']):.0f} % | {case['peer_ratio']:.2f} |"
        else:
            line += f" {case.get('peer_skipped', '')} | | |"
        lines.append(line)
    limits = run["limits"]
    rates = ", ".join(f"{level.replace('_', ' ')} {limits[level + '_gbytes_per_s']:.0f} GB/s"
                      for level in ("near_cache", "far_cache", "last_cache", "memory"))
    lines += ["", f"Limits, the fastest that this run has seen: {limits['gflops_per_s']:.0f} GFLOP/s, {rates}.", ""]
    return lines


def training_table(training):
    lines = ["## A LoRA training run", "",
             f"SmolLM2-135M, all linear layers, r = {training['rank']}, {training['batch_size']} x {training['seq_len']} "
             f"tokens, {training['steps']} steps, {training['rounds']} runs of each by turns.", "",
             "| type | program | tokens/s | runs | peak memory |", "|---|---|--:|---|--:|"]
    for result in training["results"]:
        runs = ", ".join(f"{speed:.0f}" for speed in result["tokens_per_s_runs"])
        lines.append(f"| {result['dtype']} | {result['program']} | {result['tokens_per_s']:.0f} | {runs} | "
                     f"{result['peak_rss_gb']:.2f} GB |")
    lines += [""] + [f"- {r['dtype']}: {r['speed']:.2f} times the speed and {r['memory']:.2f} times the memory of {r['against']}"
                     for r in training["ratios"]] + [""]
    return lines


def main():
    arguments = parse_arguments()
    about = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "system": platform.platform(terse=True),
        "commit": output_of(["git", "describe", "--always", "--dirty"]).strip(),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers", "peft", "mlx")},
    }
    runs = []
    for peer in arguments.peers.split(","):
        for dtype in arguments.dtypes.split(","):
            print(f"bench_peers: ops in {dtype} against {peer}", file=sys.stderr)
            runs.append(json.loads(output_of([
                TEMPER, "bench", "ops", "--json", "--quiet", "--dtype", dtype, "--peer", peer, "--python", sys.executable,
                "--rounds", arguments.rounds, "--filter", arguments.filter])))
    training = None
    if arguments.train_rounds:
        print("bench_peers: training", file=sys.stderr)
        training = json.loads(output_of([
            sys.executable, ROOT / "tools/peers/train_compare.py", "--model", arguments.model, "--compile", "--rounds",
            arguments.train_rounds, "--dtypes", ",".join(d for d in arguments.dtypes.split(",") if d != "f16"),
        ]).splitlines()[-1])
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    lines = ["# temper beside its peers", "",
             f"Written by `./dev bench --peers` on {about['date']}, commit {about['commit']}: {about['processor']}, "
             f"{about['system']}, {runs[0]['device'] if runs else ''}; {versions}.", "",
             "Every figure is a median of samples taken by turns with the peer's; spread is between the 10th and the 90th "
             "percentile. A ratio above 1 means that temper is faster. Each of temper's results was compared with sums in "
             "f64 before it was timed; the peer's were not. MLX runs on the CPU here, which it isn't made for.", "", "## Ops", ""]
    for run in runs:
        lines += op_table(run)
    if training:
        lines += training_table(training)
    arguments.out.mkdir(exist_ok=True)
    (arguments.out / "RESULTS.md").write_text("\n".join(lines), encoding="utf-8")
    (arguments.out / "results.json").write_text(json.dumps({"about": about, "ops": runs, "training": training}, indent=1) + "\n",
                                                encoding="utf-8")
    print(arguments.out / "RESULTS.md")


if __name__ == "__main__":
    main()
