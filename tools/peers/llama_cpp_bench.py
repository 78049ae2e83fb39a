"""One run of llama.cpp (llama-cpp-python) for generate_compare.py: prints one JSON line.

Times are llama.cpp's own (llama_perf_context), without what Python adds. `load_s` is the time to make the context of a
file whose pages are in memory; the import of the package is left out.
Usage: python llama_cpp_bench.py --model FILE.gguf --ids 1,2,3 --tokens 64 --threads 2
"""

import argparse
import json
import time

import llama_cpp


def without_extra_buffers():
    """Weights stay as the file has them: no repacking, and none of llama.cpp's AMX kernels."""
    defaults = llama_cpp.llama_cpp.llama_model_default_params

    def changed():
        parameters = defaults()
        parameters.use_extra_bufts = False
        return parameters

    llama_cpp.llama_cpp.llama_model_default_params = changed


def peak_rss_bytes():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--ids", required=True)
    parser.add_argument("--tokens", type=int, required=True, help="decoded one by one after the prompt's first one")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--no-extra-buffers", action="store_true", help=without_extra_buffers.__doc__)
    arguments = parser.parse_args()
    if arguments.no_extra_buffers:
        without_extra_buffers()
    ids = [int(text) for text in arguments.ids.split(",")]

    start = time.perf_counter()
    llama = llama_cpp.Llama(arguments.model, n_ctx=len(ids) + arguments.tokens + 8, n_batch=max(512, len(ids)),
                            n_threads=arguments.threads, n_threads_batch=arguments.threads, verbose=False)
    load = time.perf_counter() - start
    found = []
    for token in llama.generate(ids, temp=0.0, reset=True):
        found.append(token)
        if len(found) == 1:
            first = time.perf_counter() - start
        if len(found) == arguments.tokens + 1:
            break
    perf = llama_cpp.llama_perf_context(llama.ctx)
    print(json.dumps({
        "prompt_tokens_per_s": 1000.0 * perf.n_p_eval / perf.t_p_eval_ms,
        "decode_tokens_per_s": 1000.0 * perf.n_eval / perf.t_eval_ms,
        "load_s": load,
        "first_token_s": first,
        "peak_rss_bytes": peak_rss_bytes(),
        "ids": found,
    }))


if __name__ == "__main__":
    main()
