#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the vector files from the reference model, or with --check compare them with what is there.

Needs NumPy. Run it after a change of the cases; a change of an expected result means that docs/sampling.md or a header
has changed what the library promises.
"""
from __future__ import annotations

import json
import pathlib
import sys
from typing import Any, Callable

import cases_conversions
import cases_files
import cases_graphs
import cases_rows
import reference

FOLDER = pathlib.Path(__file__).resolve().parent / "vectors"
MOST_BYTES = 480 << 10
FILES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "gather": cases_rows.gather_cases,
    "gather_converted": cases_conversions.conversion_cases,
    "gather_many": cases_conversions.many_cases,
    "scatter": cases_rows.scatter_cases,
    "graph": cases_graphs.graph_cases,
    "sample": cases_graphs.small_sample_cases,
    "sample_large": cases_graphs.large_sample_cases,
    "npy": cases_files.npy_cases,
    "dlpack": cases_files.dlpack_cases,
}


def text_of(name: str) -> str:
    """One case to a line, so that a difference shows which."""
    cases = FILES[name]()
    names = [case["name"] for case in cases]
    if not names or len(set(names)) != len(names):
        raise AssertionError(f"{name}: no cases, or two of one name")
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    return f'{{"format":1,"cases":[\n{lines}\n]}}\n'


def main() -> int:
    reference.check_philox()
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    texts = {f"{name}.json": text_of(name) for name in FILES}
    total = sum(map(len, texts.values()))
    if total > MOST_BYTES:
        print(f"the vectors take {total} bytes, more than {MOST_BYTES}", file=sys.stderr)
        return 1
    different = sorted(path.name for path in FOLDER.iterdir() if path.name not in texts) if check else []
    for name, text in texts.items():
        path = FOLDER / name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            different.append(name)
    if different:
        print("not what the model gives:", ", ".join(different), file=sys.stderr)
        return 1
    print(f"{len(texts)} files, {total} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
