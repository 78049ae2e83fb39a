#!/usr/bin/env python3
"""Fetches the data of the long tests into build/long-data/ (77 MB over the network, 75 MB kept).

    python3 tools/fetch_long_test_data.py [FOLDER]

Takes the vocabulary files that llama.cpp tests its own tokenizers with (ggml-vocab-*.gguf with strings and their ids)
and the published chat templates it carries out of the source package of llama-cpp-python 0.3.36. The long tests find
them through TEMPER_LONG_DATA=FOLDER.
"""
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "llama-cpp-python==0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
FOLDERS = {"/vendor/llama.cpp/models/ggml-vocab-": "vocab", "/vendor/llama.cpp/models/templates/": "chat_templates"}


def fetch(folder):
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-python",
                        "--dest", scratch, PACKAGE], check=True)
        [archive] = pathlib.Path(scratch).glob("*.tar.gz")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != SHA256:
            sys.exit(f"{archive.name}: SHA-256 is {digest}, expected {SHA256}; not the release this script was made for")
        count = 0
        for target in FOLDERS.values():
            (folder / target).mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as package:
            for member in package:
                for part, target in FOLDERS.items():
                    if part in member.name and member.isfile():
                        # Only the last part of the name is used: nothing in the archive chooses where files go.
                        name = pathlib.PurePosixPath(member.name).name
                        (folder / target / name).write_bytes(package.extractfile(member).read())
                        count += 1
    print(f"{count} files in {folder}; set TEMPER_LONG_DATA={folder.resolve()} for the long tests")


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[1] / "build/long-data"
    fetch(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default)
