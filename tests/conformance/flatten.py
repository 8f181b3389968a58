# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors as lines, for languages whose standard library reads no JSON: flatten.py OUTPUT FILE...

A case is the lines from `case FILE/NAME` to `end`, between them one line to a member: its path, with dots, a space, and
its value. Lists of numbers are joined by spaces; a list of texts (flags, the words of a message) has one line to a text; what is null has no line.
"""
from __future__ import annotations

import json
import pathlib
import sys
from typing import Any, Iterator

LISTS_OF_TEXTS = ("expect.message", "flags")


def lines_of(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from lines_of(f"{path}.{name}" if path else name, member)
    elif path in LISTS_OF_TEXTS:
        for text in value:
            yield f"{path} {text}"
    elif isinstance(value, list):
        yield f"{path} {' '.join(map(str, value))}".rstrip()
    elif isinstance(value, bool):
        yield f"{path} {str(value).lower()}"
    elif value is not None:
        assert "\n" not in str(value), f"{path} has more than one line"
        yield f"{path} {value}"


def flatten(files: list[pathlib.Path]) -> Iterator[str]:
    for file in files:
        vectors = json.loads(file.read_text(encoding="utf-8"))
        assert vectors["format"] == 1 and vectors["cases"], f"{file} has no cases of format 1"
        for case in vectors["cases"]:
            yield f"case {file.stem}/{case.pop('name')}"
            yield from lines_of("", case)
            yield "end"


def main() -> None:
    output, files = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    output.write_text("\n".join(flatten(files)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
