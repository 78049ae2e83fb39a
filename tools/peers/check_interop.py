"""Checks by hand that adapters and merged models go from temper to PEFT and Transformers and back.

Needs the packages of tools/golden/requirements.txt and a built program. Prints a PASS or FAIL line a check, with the
numbers; exit status 1 when one failed. Usage:
  python tools/peers/check_interop.py [--temper build/release/temper] [--gguf SmolLM2-135M-Instruct.Q4_1.gguf] [--keep DIR]
Without --gguf only the tiny models of tests/golden/data are used.
"""

import argparse
import functools
import json
import pathlib
import sys
import tempfile
import warnings

import interop_common as common
import torch
from interop_common import F32_LOGPROB, ROOT, largest, logits_of, logprobs_of
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

GOLDEN = ROOT / "tests/golden/data"
TINY = GOLDEN / "tiny_llama/gqa_tied"
UNTIED = GOLDEN / "tiny_llama/untied_llama3rope"
HALF = GOLDEN / "tiny_llama/mha_f16"
TINY_GGUF = GOLDEN / "tiny_gguf/gqa_tied.gguf"
VARIANT = GOLDEN / "lora/gqa_tied_variant/adapter"
CONTEXT = 256  # tokens compared, unless the model takes fewer

CHATS = [
    [{"role": "user", "content": "How many rivers are longer than 2000 km?"}],
    [
        {"role": "system", "content": "Answer with SQL only."},
        {"role": "user", "content": "  List each  city once.\n"},
        {"role": "assistant", "content": "SELECT DISTINCT city FROM river;"},
        {"role": "user", "content": "Größe > 10 m²? 🙂"},
    ],
]
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "def f(x):\n    return x ** 2  # 3.14159, 2026\n",
    "Zürich, naïve café, Ελλάδα, Москва, 東京, 🙂👍🏽",
    "  leading,   inner    and trailing spaces \t\n\n 12345 67",
    "<|im_start|>user\nHi<|im_end|>\n",
]


def write_rows(path):
    """A small chat data set; the loss on it must fall, so that adapters differ from nothing."""
    cities = ["Bern", "Oslo", "Lima", "Kyoto", "Quito", "Accra", "Perth", "Turin"]
    with path.open("w", encoding="utf-8") as file:
        for i in range(48):
            city, n = cities[i % len(cities)], 100 + 37 * i
            user = f"Which rivers of {city} are over {n} km?"
            reply = f"SELECT name FROM river WHERE city = '{city}' AND km > {n};"
            row = {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": reply}]}
            file.write(json.dumps(row) + "\n")


class Interop:
    def __init__(self, temper, folder, gguf):
        self.temper = temper
        self.folder = folder
        self.gguf = gguf
        self.report = common.Report()
        self.rows = folder / "rows.jsonl"
        write_rows(self.rows)

    @functools.cache
    def ids(self, model):
        text = "".join(json.loads(line)["messages"][0]["content"] + "\n" for line in self.rows.read_text().splitlines())
        context = AutoConfig.from_pretrained(model).max_position_embeddings if model.is_dir() else CONTEXT
        return torch.tensor(self.temper.tokenize(model, [text])[0][: min(CONTEXT, context)])

    # --- adapters that temper trained -------------------------------------------------------------------------------

    def check_own_adapters(self):
        runs = [
            ("tiny, all-linear", TINY, ["--rank", 4, "--targets", "all-linear"]),
            ("tiny, rsLoRA on two names", TINY, ["--rank", 6, "--alpha", 9, "--rslora", "--targets", "q_proj,down_proj"]),
            ("tiny, a regular expression", UNTIED, ["--rank", 3, "--targets", r".*layers\.1\.(self_attn|mlp)\..*_proj"]),
            ("tiny, last block only", TINY, ["--rank", 2, "--num-layers", 1]),
            ("tiny, from PEFT's rank and alpha patterns", TINY, ["--init-adapter", VARIANT]),
            ("tiny GGUF, all-linear", TINY_GGUF, ["--rank", 4]),
        ]
        if self.gguf:
            runs.append(("SmolLM2, all-linear, rsLoRA", self.gguf, ["--rank", 8, "--rslora", "--steps", 6]))
        for number, (name, model, options) in enumerate(runs):
            self.report.attempt(f"temper to PEFT, {name}", lambda: self.check_own_adapter(name, number, model, options))

    def check_own_adapter(self, name, number, model, options):
        out = self.folder / f"own-{number}"
        steps = [] if "--steps" in options else ["--steps", 12]
        self.temper.train(model, self.rows, out, "--lr", "5e-3", "--batch-size", 8, "--seq-len", 128, *steps, *options)
        ids, stored = self.ids(model), load_file(out / "adapter_model.safetensors")
        with common.recorded_warnings() as said:
            loaded = PeftModel.from_pretrained(common.load_base(model), out).eval()
            result = loaded.load_adapter(out, adapter_name="again")
        loading = [text for text in said if "key" in text.lower() or "adapter" in text.lower()]
        self.report.check(
            not result.missing_keys and not result.unexpected_keys and not loading,
            f"temper to PEFT, {name}: loads strictly",
            f"{len(stored)} tensors, {len(result.missing_keys)} missing, {len(result.unexpected_keys)} unexpected"
            + (f", said {loading}" if loading else ""),
        )
        state = get_peft_model_state_dict(loaded, adapter_name="default")
        same = state.keys() == stored.keys() and all(torch.equal(state[k].float(), stored[k].float()) for k in stored)
        self.report.check(same, f"temper to PEFT, {name}: PEFT holds the file's tensors bit for bit")
        ours, theirs = self.temper.logprobs(model, ids, out), logprobs_of(loaded, ids)
        with loaded.disable_adapter():
            effect = largest(theirs, logprobs_of(loaded, ids))
        difference = largest(ours, theirs)
        self.report.check(
            difference < F32_LOGPROB < 0.1 * effect,
            f"temper to PEFT, {name}: same log-probabilities",
            f"largest difference {difference:.1e} on {len(ids)} tokens, the adapter moves them by {effect:.2f}",
        )

    # --- adapters that PEFT wrote -----------------------------------------------------------------------------------

    def check_peft_adapters(self):
        configs = [
            ("all-linear", TINY, dict(r=4, lora_alpha=16, target_modules="all-linear"), {}),
            ("a list, bf16 file", TINY, dict(r=5, lora_alpha=7, target_modules=["v_proj", "up_proj"]), {"dtype": torch.bfloat16}),
            ("a regular expression", UNTIED, dict(r=3, target_modules=r".*\.layers\.0\..*_proj"), {}),
            (
                "rsLoRA with rank and alpha patterns",
                HALF,
                dict(r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "o_proj", "gate_proj"],
                     rank_pattern={"o_proj": 2, r"layers\.1\.mlp\.gate_proj": 7}, alpha_pattern={r".*\.q_proj": 3}),
                {},
            ),
            ("Gaussian initialisation, saved by name", TINY, dict(r=2, target_modules=["q_proj"], init_lora_weights="gaussian"), {"name": "sql"}),
            ("GGUF base", TINY_GGUF, dict(r=4, target_modules="all-linear"), {}),
        ]
        if self.gguf:
            patterns = dict(rank_pattern={"down_proj": 16}, alpha_pattern={"q_proj": 4})
            configs.append(("SmolLM2, all-linear with patterns", self.gguf, dict(r=8, target_modules="all-linear", **patterns), {}))
        for number, (name, model, options, how) in enumerate(configs):
            self.report.attempt(f"PEFT to temper, {name}", lambda: self.check_peft_adapter(name, number, model, options, how))

    def write_peft_adapter(self, folder, model, options, name="default", dtype=torch.float32):
        """A PEFT model with a random B, saved into `folder`; returns model and the adapter's own folder."""
        torch.manual_seed(1)
        peft_model = get_peft_model(
            common.load_base(model), LoraConfig(task_type="CAUSAL_LM", **options), adapter_name=name
        )
        with torch.no_grad():
            for key, parameter in peft_model.named_parameters():
                if "lora_B" in key:
                    parameter.normal_(0.0, 0.05)
                if "lora_" in key:
                    parameter.copy_(parameter.to(dtype))  # the values that the file will hold
        peft_model.save_pretrained(folder, save_embedding_layers=False)
        own = folder if name == "default" else folder / name
        if dtype != torch.float32:
            from safetensors.torch import save_file

            tensors = {key: value.to(dtype) for key, value in load_file(own / "adapter_model.safetensors").items()}
            save_file(tensors, own / "adapter_model.safetensors", metadata={"format": "pt"})
        return peft_model.eval(), own

    def check_peft_adapter(self, name, number, model, options, how):
        peft_model, folder = self.write_peft_adapter(self.folder / f"peft-{number}", model, options, **how)
        ids = self.ids(model)
        theirs = logprobs_of(peft_model, ids)
        with peft_model.disable_adapter():
            effect = largest(theirs, logprobs_of(peft_model, ids))
        difference = largest(self.temper.logprobs(model, ids, folder), theirs)
        self.report.check(
            difference < F32_LOGPROB < 0.1 * effect,
            f"PEFT to temper, {name}: same log-probabilities",
            f"largest difference {difference:.1e} on {len(ids)} tokens, the adapter moves them by {effect:.2f}",
        )

    def check_refusals(self):
        """What changes the arithmetic and isn't implemented must be refused by name."""
        cases = {
            "use_dora": dict(use_dora=True),
            "lora_bias": dict(lora_bias=True),
            "modules_to_save": dict(modules_to_save=["lm_head"]),
            "trainable_token_indices": dict(trainable_token_indices=[1, 2]),
            "layers_to_transform": dict(layers_to_transform=[1]),
            "exclude_modules": dict(exclude_modules=["q_proj"]),
            "bias": dict(bias="all"),
            "init_lora_weights": dict(init_lora_weights="pissa"),
        }
        for number, (key, options) in enumerate(cases.items()):
            def check():
                options_ = dict(r=2, target_modules=["q_proj", "v_proj"]) | options
                _, folder = self.write_peft_adapter(self.folder / f"refused-{number}", UNTIED, options_)
                said = self.temper.refusal("score", "--model", UNTIED, "--adapter", folder, "--ids", "1,2,3")
                self.report.check(said is not None and key in said, f"PEFT to temper: {key} is refused by name",
                                  (said or "accepted").splitlines()[-1][-160:])
            self.report.attempt(f"PEFT to temper: {key} is refused by name", check)

    # --- merged models ----------------------------------------------------------------------------------------------

    def check_merges(self):
        runs = [
            ("tiny f32 folder, tied", TINY, GOLDEN / "lora/gqa_tied/adapter", []),
            ("tiny bf16 folder, untied, biases, Llama 3 RoPE", UNTIED, GOLDEN / "lora/untied_llama3rope/adapter", []),
            ("tiny f32 folder, rsLoRA and patterns, f16", TINY, VARIANT, ["--dtype", "f16"]),
            ("tiny f16 folder, sharded", HALF, None, ["--max-shard-gb", "0.00004"]),
            ("tiny GGUF", TINY_GGUF, GOLDEN / "lora/gqa_tied/adapter", []),
        ]
        if self.gguf:
            runs.append(("SmolLM2 GGUF", self.gguf, "own", []))
            runs.append(("SmolLM2 GGUF, bf16", self.gguf, "own", ["--dtype", "bf16"]))
        for number, (name, model, adapter, options) in enumerate(runs):
            self.report.attempt(f"merge, {name}", lambda: self.check_merge(name, number, model, adapter, options))

    def smollm2_adapter(self):
        folder = self.folder / "merge-adapter"
        if not folder.exists():
            self.write_peft_adapter(folder, self.gguf, dict(r=8, target_modules="all-linear"))
        return folder

    def check_merge(self, name, number, model, adapter, options):
        adapter = self.smollm2_adapter() if adapter == "own" else adapter
        out = self.folder / f"merged-{number}"
        with_adapter = ["--adapter", adapter] if adapter else []
        self.temper.run("merge", "--model", model, *with_adapter, "--out", out, *options)
        with common.recorded_warnings() as said:
            merged, info = AutoModelForCausalLM.from_pretrained(out, dtype="auto", output_loading_info=True)
            tokenizer = AutoTokenizer.from_pretrained(out)
        counts = {key: len(value) for key, value in info.items()}
        self.report.check(not any(counts.values()) and not said, f"merge, {name}: Transformers loads it without a word",
                          f"{merged.dtype}, {counts}" + (f", said {said}" if said else ""))
        self.check_merged_weights(name, model, adapter, out, merged)
        self.check_merged_text(name, model, out, tokenizer)

    def check_merged_weights(self, name, model, adapter, out, merged):
        base = common.load_base(model)
        ids = self.ids(model)
        original = {key: value.clone() for key, value in base.state_dict().items()}
        exact = base if adapter is None else PeftModel.from_pretrained(base, adapter).eval().merge_and_unload()
        expected, found = exact.state_dict(), merged.state_dict()
        # Each weight is W + s B A in f32, rounded once: at most one unit in the last place from PEFT's sum rounded, and
        # what f32 loses where terms cancel.
        ulp = {torch.bfloat16: 2.0**-7, torch.float16: 2.0**-10}[merged.dtype]
        least = {torch.bfloat16: 2.0**-126, torch.float16: 2.0**-14}[merged.dtype]  # smallest normal number
        worst, rounded = 0.0, {}
        for key, value in expected.items():
            rounded[key] = value.to(merged.dtype).float()
            terms = original[key].abs() + (value - original[key]).abs().max()
            unit = ulp * rounded[key].abs().clamp(min=least) + 2.0**-22 * terms
            worst = max(worst, float(((found[key].float() - rounded[key]).abs() / unit).max()))
        self.report.check(expected.keys() == found.keys() and worst <= 1.0, f"merge, {name}: weights are PEFT's, rounded",
                          f"{len(found)} tensors, largest distance {worst:.2f} units in the last place")
        before = logits_of(exact, ids)
        exact.load_state_dict(rounded)
        by_rounding = largest(logits_of(exact, ids), before)
        difference = largest(logits_of(merged.float().eval(), ids), before)
        self.report.check(difference <= 1.5 * by_rounding + 1e-3, f"merge, {name}: logits within 16-bit rounding",
                          f"largest difference {difference:.1e}, {by_rounding:.1e} when PEFT's weights are rounded")
        ours = largest(self.temper.logprobs(out, ids), logprobs_of(merged, ids))
        self.report.check(ours < F32_LOGPROB, f"merge, {name}: temper reads it back as Transformers does",
                          f"largest difference of log-probabilities {ours:.1e}")
        tied = merged.get_output_embeddings().weight is merged.get_input_embeddings().weight
        self.report.check(tied == base.config.tie_word_embeddings, f"merge, {name}: the head is {'tied' if tied else 'untied'}")

    def check_merged_text(self, name, model, out, tokenizer):
        rendered = True
        for chat in CHATS:
            for generation_prompt in (True, False):
                theirs = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=generation_prompt)
                reference = common.load_tokenizer(model).apply_chat_template(
                    chat, tokenize=False, add_generation_prompt=generation_prompt)
                rendered &= theirs == reference == self.temper.template(model, chat, generation_prompt)
        self.report.check(rendered, f"merge, {name}: the chat template renders as the base's")
        theirs = [tokenizer(text, add_special_tokens=False).input_ids for text in TEXTS]
        decoded = [tokenizer.decode(ids, skip_special_tokens=False) for ids in theirs]
        same = theirs == self.temper.tokenize(model, TEXTS) == self.temper.tokenize(out, TEXTS)
        self.report.check(same and decoded == TEXTS, f"merge, {name}: AutoTokenizer gives temper's ids and decodes them",
                          f"{sum(map(len, theirs))} ids of {len(TEXTS)} texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--temper", type=pathlib.Path, default=ROOT / "build/release/temper")
    parser.add_argument("--gguf", type=pathlib.Path, default=None)
    parser.add_argument("--keep", type=pathlib.Path, default=None, help="write into this new folder and keep it")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    warnings.simplefilter("ignore")  # those that count are recorded where they may come
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=arguments.keep is None)
        interop = Interop(common.Temper(arguments.temper.resolve()), folder, arguments.gguf)
        interop.check_own_adapters()
        interop.check_peft_adapters()
        interop.check_refusals()
        interop.check_merges()
    print(f"{interop.report.passed} passed, {interop.report.failed} failed")
    sys.exit(1 if interop.report.failed else 0)


if __name__ == "__main__":
    main()
