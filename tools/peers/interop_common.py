"""What check_interop.py stands on: running temper, loading models strictly in Transformers and PEFT, PASS/FAIL lines."""

import contextlib
import json
import logging
import os
import pathlib
import subprocess
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as transformers_logging

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Two f32 implementations of one model: sums in another order, over up to 30 layers.
F32_LOGPROB = 1e-3


class Report:
    """Counts and prints one line a check."""

    def __init__(self):
        self.failed = 0
        self.passed = 0

    def check(self, ok, what, numbers=""):
        ok = bool(ok)
        self.passed += ok
        self.failed += not ok
        print(f"{'PASS' if ok else 'FAIL'} {what}{': ' if numbers else ''}{numbers}", flush=True)

    def attempt(self, what, action):
        """Runs a group of checks; an exception is one failure and the next group still runs."""
        try:
            action()
        except Exception as error:  # the report names whatever went wrong
            self.check(False, what, f"{type(error).__name__}: {str(error)[:500]}")


class Temper:
    """The program under test."""

    def __init__(self, path):
        self.path = path

    def run(self, *arguments, text=None):
        command = [str(self.path), *map(str, arguments)]
        result = subprocess.run(command, input=text, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"temper {command[1]}: exit status {result.returncode}: {result.stderr.strip()[-400:]}")
        return result.stdout

    def logprobs(self, model, ids, adapter=None):
        """[T-1] natural logs of p(ids[t+1] | ids[..t]) in f32 arithmetic."""
        with_adapter = ["--adapter", adapter] if adapter else []
        listed = ",".join(map(str, ids.tolist()))
        out = self.run("score", "--model", model, *with_adapter, "--ids", listed, "--dtype", "f32", "--json")
        return torch.tensor(json.loads(out)["logprobs"][1:], dtype=torch.float64)

    def tokenize(self, model, texts):
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        return [json.loads(line) for line in self.run("tokenize", "--model", model, "--jsonl", text=lines).splitlines()]

    def template(self, model, messages, generation_prompt=True):
        flags = [] if generation_prompt else ["--no-generation-prompt"]
        return self.run("template", "--model", model, *flags, text=json.dumps(messages))

    def train(self, model, data, out, *options):
        self.run("train", "--model", model, "--data", data, "--out", out, "--samples", 0, "--dtype", "f32",
                 "--schedule", "constant", "--warmup", 0, *options)

    def refusal(self, *arguments):
        """What the program says when it fails; None when it doesn't."""
        try:
            self.run(*arguments)
        except RuntimeError as error:
            return str(error)
        return None


@contextlib.contextmanager
def recorded_warnings():
    """Collects into the yielded list what Python's warnings and all loggers say, from WARNING upwards."""
    messages = []

    class Collector(logging.Handler):
        def emit(self, record):
            messages.append(record.getMessage())

    collector = Collector(level=logging.WARNING)
    root = logging.getLogger()
    library = transformers_logging.get_logger("transformers")  # doesn't propagate to the root logger
    root.addHandler(collector)
    library.addHandler(collector)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield messages
        messages += [str(w.message) for w in caught]
    finally:
        root.removeHandler(collector)
        library.removeHandler(collector)


def load_base(path, dtype=torch.float32):
    """A folder or .gguf file (dequantised) as Transformers has it."""
    path = pathlib.Path(path)
    if path.suffix != ".gguf":
        return AutoModelForCausalLM.from_pretrained(path, dtype=dtype).eval()
    dense = GgufConfig(dequantize=True)
    return AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=dtype, quantization_config=dense
    ).eval()


def load_tokenizer(path):
    path = pathlib.Path(path)
    if path.suffix != ".gguf":
        return AutoTokenizer.from_pretrained(path)
    return AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


@torch.no_grad()
def logits_of(model, ids):
    return model(input_ids=ids[None], use_cache=False).logits[0].double()


def logprobs_of(model, ids):
    """[T-1], as Temper.logprobs."""
    logprobs = torch.log_softmax(logits_of(model, ids), dim=-1)
    return logprobs[:-1].gather(1, ids[1:, None])[:, 0]


def largest(a, b):
    return float((a - b).abs().max())
