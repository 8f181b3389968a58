# SPDX-License-Identifier: Apache-2.0
"""That every binding offers every function of the API."""
from __future__ import annotations

import pathlib
import re

import headers

# Where a binding's own sources lie, which of them are only declarations, and how its comments look.
BINDINGS = {
    "python": ("bindings/python", ("*.py", "glue.c"), ("tests/*", "build_cffi.py"), r"#.*|//.*|/\*.*?\*/"),
    "rust": ("bindings/rust/unitensor/src", ("*.rs",), (), r"//.*"),
    "julia": ("bindings/julia/UniTensor/src", ("*.jl",), ("LibUnitensor.jl",), r"#.*"),
}

CALLS = {"python": r"\b_?lib\.", "rust": r"\bffi::", "julia": r"(?:\bLibUnitensor\.|[(, ]:)"}

# What a language has of its own, and so needs nothing of the library for.
EXCEPTIONS = {
    "python": {
        "uni_context_retain": "references are counted by Python",
        "uni_graph_retain": "references are counted by Python",
        "uni_sample_retain": "references are counted by Python",
        "uni_sample_nodes": "the part UNI_SAMPLE_NODES is the same as a tensor",
        "uni_dtype_name": "dtypes are NumPy's",
    },
    "rust": {},
    "julia": {
        "uni_context_retain": "references are counted by Julia",
        "uni_graph_retain": "references are counted by Julia",
        "uni_sample_retain": "references are counted by Julia",
        "uni_context_options_init": "the struct is filled by its constructor",
        "uni_dtype_name": "element types are Julia's",
        "uni_dtype_size": "element types are Julia's",
    },
}


def check(root: pathlib.Path) -> list[str]:
    """Each function is called in the sources of each binding, or it is said why not."""
    text = headers.without_comments((root / "src" / "unitensor.map").read_text(encoding="utf-8"))
    names = re.findall(r"\b(uni_\w+);", text)
    problems = []
    for binding, (folder, patterns, left_out, comments) in BINDINGS.items():
        used: set[str] = set()
        for path in (path for pattern in patterns for path in sorted((root / folder).rglob(pattern))):
            if not any(path.relative_to(root / folder).match(pattern) for pattern in left_out):
                source = re.sub(comments, "", path.read_text(encoding="utf-8"), flags=re.DOTALL if path.suffix == ".c" else 0)
                # In glue.c by itself, elsewhere as what is C's, not as a word of a text.
                prefix = "" if path.suffix == ".c" else CALLS[binding]
                used |= set(re.findall(prefix + r"\b(uni_\w+)", source))
        for name in names:
            if name not in used and name not in EXCEPTIONS[binding]:
                problems.append(f"{folder}: nothing calls {name}")
        problems += [f"tests/lint/bindings.py: {binding} does call {name}" for name in EXCEPTIONS[binding] if name in used]
        problems += [f"tests/lint/bindings.py: there is no {name}" for name in EXCEPTIONS[binding] if name not in names]
    return problems
