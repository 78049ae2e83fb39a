"""Shows how far regenerated golden data have moved from the committed ones.

Run one of the other scripts first, then: python tools/golden/compare.py [--tolerance 1e-4] [FILE ...]
Without files, every safetensors and JSON file under tests/golden/data that git reports as changed is compared.
Exit status 1 when a value differs by more than the tolerance (relative to the tensor's largest magnitude), a name,
shape or dtype differs, or anything that is not a floating-point number changed. Versions may differ.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load, load_file

DATA = "tests/golden/data"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True).stdout


def tensor_problems(old, new, tolerance):
    """Yields one line a tensor that moved, and whether it moved too far."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            yield f"{name}: only in the {'committed' if name in old else 'new'} file", True
            continue
        a, b = old[name], new[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            yield f"{name}: {a.dtype} {list(a.shape)} became {b.dtype} {list(b.shape)}", True
        elif not torch.equal(a, b):
            if not a.is_floating_point():
                yield f"{name}: {int((a != b).sum())} of {a.numel()} integers differ", True
                continue
            same = (a == b) | (a.isnan() & b.isnan())  # infinities and NaN count as equal to themselves
            difference = torch.where(same, 0.0, (a.double() - b.double()).abs())
            relative = float(difference.max() / a.double()[a.isfinite()].abs().max())
            yield f"{name}: largest difference {relative:.2e} of its largest magnitude", not relative <= tolerance


def json_problems(old, new, tolerance, place="$"):
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key != "versions":
                yield from json_problems(old.get(key), new.get(key), tolerance, f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (a, b) in enumerate(zip(old, new)):
            yield from json_problems(a, b, tolerance, f"{place}[{i}]")
    elif isinstance(old, float) and isinstance(new, float):
        if old != new:
            yield f"{place}: {old} became {new}", abs(old - new) > tolerance * max(abs(old), 1.0)
    elif old != new:
        yield f"{place}: {str(old)[:60]!r} became {str(new)[:60]!r}", True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    changed = git("diff", "--name-only", "HEAD", "--", DATA).decode().split()
    files = [path.resolve().relative_to(ROOT) for path in arguments.files] or [pathlib.Path(name) for name in changed]
    failed = False
    for path in files:
        if path.suffix not in (".safetensors", ".json"):
            continue
        committed = git("show", f"HEAD:{path.as_posix()}")
        if path.suffix == ".safetensors":
            problems = tensor_problems(load(committed), load_file(ROOT / path), arguments.tolerance)
        else:
            problems = json_problems(json.loads(committed), json.loads((ROOT / path).read_text()), arguments.tolerance)
        for line, bad in problems:
            failed |= bad
            print(f"{'FAIL' if bad else 'moved'} {path}: {line}")
    print(f"{len(files)} files compared, tolerance {arguments.tolerance:g}: {'FAIL' if failed else 'ok'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
