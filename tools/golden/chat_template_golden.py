#!/usr/bin/env python3
"""What Transformers renders, for the tests of src/text/jinja.

Versions used: transformers 5.23.0, jinja2 3.1.6.

    chat_template_golden.py cases
        renders the templates of chat_template_cases.py and writes tests/golden/data/chat_template/<area>.json
    chat_template_golden.py extract FILE.gguf FOLDER
        writes the chat template inside a model as FOLDER/<name of the file>.jinja
    chat_template_golden.py published FOLDER
        renders every *.jinja file below FOLDER with the conversations of tests/golden/data/chat_template/
        conversations.json and writes published.json: SHA-256 of each rendering, or "error"

The clock of strftime_now stands at 2026-01-02 03:04:05.
"""

import datetime
import hashlib
import json
import pathlib
import sys

from transformers.utils import chat_template_utils

import chat_template_cases

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/data/chat_template"


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, 3, 4, 5)


chat_template_utils.datetime = FixedClock


def render(template, messages, add_generation_prompt=False, tools=None, **variables):
    """The text and the spans of {% generation %} blocks, in code points, as apply_chat_template makes them."""
    texts, spans = chat_template_utils.render_jinja_template(
        conversations=[messages],
        tools=tools,
        chat_template=template,
        return_assistant_tokens_mask=True,
        add_generation_prompt=add_generation_prompt,
        **variables,
    )
    return texts[0], spans[0]


def byte_spans(text, spans):
    return [[len(text[:begin].encode()), len(text[:end].encode())] for begin, end in spans]


def outcome(template, messages, **variables):
    try:
        text, spans = render(template, messages, **variables)
        text.encode()
    except Exception as error:  # whatever a template does wrong
        return {"error": f"{type(error).__name__}: {error}"}
    result = {"expected": text}
    if spans:
        result["spans"] = byte_spans(text, spans)
    return result


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_cases():
    for area, cases in chat_template_cases.CASES.items():
        contexts, rendered = [], []
        for name, template, *variables in cases:
            context = variables[0] if variables else {}
            if context not in contexts:
                contexts.append(context)
            given = json.loads(json.dumps(context))
            case = {"name": name, "template": template, "context": contexts.index(context)}
            case.update(outcome(template, given.pop("messages", []), **given))
            rendered.append(case)
        write_json(DATA / f"{area}.json", {"contexts": contexts, "cases": rendered})


def write_published(folder):
    conversations = json.loads((DATA / "conversations.json").read_text(encoding="utf-8"))
    published = {}
    for path in sorted(pathlib.Path(folder).rglob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        renderings = {}
        for case in conversations:
            given = {key: value for key, value in case.items() if key not in ("name", "messages")}
            result = outcome(template, case["messages"], **given)
            text = result.get("expected")
            renderings[case["name"]] = "error" if text is None else hashlib.sha256(text.encode()).hexdigest()
        published[path.name] = renderings
    write_json(DATA / "published.json", published)


def extract(model, folder):
    import gguf

    field = gguf.GGUFReader(model).fields["tokenizer.chat_template"]
    name = pathlib.Path(model).with_suffix(".jinja").name
    (pathlib.Path(folder) / name).write_bytes(bytes(field.parts[field.data[0]]))


if __name__ == "__main__":
    if sys.argv[1:] == ["cases"]:
        write_cases()
    elif len(sys.argv) == 4 and sys.argv[1] == "extract":
        extract(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] == "published":
        write_published(sys.argv[2])
    else:
        sys.exit(__doc__)
