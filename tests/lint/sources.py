# SPDX-License-Identifier: Apache-2.0
"""What every source file has to have, and what the library's own may not do."""
import pathlib
import re
import subprocess

import headers

FOLDERS = ("include", "src", "cuda", "bindings", "tools", "bench", "scripts", "tests", "examples", "cmake", "debian", ".ci")
SUFFIXES = {".c", ".h", ".cpp", ".hpp", ".cu", ".cuh", ".py", ".pyi", ".sh", ".rs", ".jl"}
MAX_LINES = 500
# Written by programs, and compared with what these write by tests of their own.
GENERATED = {"bindings/rust/unitensor-sys/src/bindings.rs"}
LICENCE = re.compile(r"(?:#!.*\n)?(?://|#|/\*) SPDX-License-Identifier: Apache-2\.0(?: \*/)?\n")
# Words that mark what is not done. Written in pieces, so that this file is not its own first finding.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|not imple" + r"mented|place" + r"holder)\b",
                        re.IGNORECASE)
UNFINISHED_FOLDERS = ("include", "src", "cuda", "bindings", "tools", "scripts")
# A library does not end the process of its user, and does not write to its streams.
FORBIDDEN = re.compile(
    r"\b(?:abort|exit|_exit|_Exit|quick_exit|terminate|assert|v?f?printf|puts|fputs|putchar|perror)\s*\("
    r"|std::(?:cerr|cout|clog|abort|exit|terminate)\b|\bstd(?:err|out)\b")
# Exported functions that cannot throw: they return a constant, read a member or count a reference.
TRIVIAL = {
    "uni_abi_version", "uni_context_backend", "uni_context_num_threads", "uni_context_release",
    "uni_context_reset_statistics", "uni_context_retain", "uni_dtype_name", "uni_dtype_size", "uni_error_init",
    "uni_graph_release", "uni_graph_retain", "uni_graph_tensor", "uni_memory_name", "uni_sample_nodes",
    "uni_sample_release", "uni_sample_retain", "uni_sample_tensor", "uni_status_string", "uni_tensor_array",
    "uni_tensor_context", "uni_tensor_release", "uni_tensor_retain", "uni_version",
}


def source_files(root: pathlib.Path) -> list[pathlib.Path]:
    """Of the tree, without what a build or an editor leaves there."""
    found = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if {"__pycache__", "target"} & set(path.relative_to(root).parts) or not path.is_file():
                continue
            script = path.suffix == "" and folder in ("scripts", ".ci", "tools")
            if path.suffix in SUFFIXES or script:
                found.append(path)
    return found


def without_comments_and_text(code: str) -> str:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", lambda found: "\n" * found.group().count("\n"), code, flags=re.DOTALL)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', code)


def check_files(root: pathlib.Path) -> list[str]:
    """Licence, length and unfinished work."""
    problems = []
    for path in source_files(root):
        name = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        if text and not LICENCE.match(text):
            problems.append(f"{name}: does not begin with the SPDX line")
        lines = text.splitlines()
        if len(lines) > MAX_LINES and str(name) not in GENERATED:
            problems.append(f"{name}: has {len(lines)} lines, at most {MAX_LINES} are allowed")
        if name.parts[0] in UNFINISHED_FOLDERS:
            problems += [f"{name}:{number}: unfinished: {line.strip()}" for number, line in enumerate(lines, 1)
                         if UNFINISHED.search(line)]
        # What cffi reads cannot have one.
        guarded = path.suffix in (".h", ".hpp", ".cuh") and not path.stem.endswith("_cdef")
        if guarded and not re.search(r"^(?:#pragma once|#ifndef \w+_(?:H|HPP))$", text, re.MULTILINE):
            problems.append(f"{name}: has no include guard")
    return problems if source_files(root) else ["no source files"]


def check_calls(root: pathlib.Path) -> list[str]:
    """No way out of the process and no output in the library."""
    problems = []
    for path in source_files(root):
        name = path.relative_to(root)
        if name.parts[0] not in ("src", "cuda"):
            continue
        code = without_comments_and_text(path.read_text(encoding="utf-8"))
        problems += [f"{name}:{number}: the library may not call {found.group().rstrip('( ')}"
                     for number, line in enumerate(code.splitlines(), 1) for found in FORBIDDEN.finditer(line)]
    return problems


def definitions(code: str) -> dict[str, str]:
    """The functions that a file of src/capi defines, with their bodies."""
    pattern = re.compile(r"^(?!using|return|namespace)[\w:][\w:<> ]*?[ *&](?P<name>uni_\w+)\((?P<parameters>[^;{}]*?)\)"
                         r"(?: noexcept)? \{(?P<body>[^\n]*\}$|.*?^\}$)", re.MULTILINE | re.DOTALL)
    return {found["name"]: found["body"] for found in pattern.finditer(code)}


def check_guards(root: pathlib.Path) -> list[str]:
    """Each function of the API is defined in the file of its header, and lets no exception out."""
    problems = []
    for header in sorted((root / "include" / "unitensor").glob("*.h")):
        declared = set(headers.function_names(header.read_text(encoding="utf-8")))
        path = root / "src" / "capi" / f"{header.stem}.cpp"
        code = path.read_text(encoding="utf-8") if path.exists() else ""
        linkage = re.search(r'^extern "C" \{\n(.*?)^\}  // extern "C"$', code, re.MULTILINE | re.DOTALL)
        if declared and not linkage:
            problems.append(f'src/capi/{path.name}: no extern "C"')
            continue
        defined = definitions(linkage.group(1)) if linkage else {}
        problems += [f"src/capi/{path.name}: does not define {name}" for name in sorted(declared - set(defined))]
        problems += [f"src/capi/{path.name}: {name} is in no header" for name in sorted(set(defined) - declared)]
        for name, body in defined.items():
            if "guard(error, [&]" not in body and name not in TRIVIAL:
                problems.append(f"src/capi/{path.name}: {name} does not go through guard()")
            if name in TRIVIAL and ("throw" in body or "new " in body or "guard(" in body):
                problems.append(f"src/capi/{path.name}: {name} is not trivial any more")
    return problems


def check_format(root: pathlib.Path, clang_format: str) -> list[str]:
    """clang-format would change nothing."""
    suffixes = (".c", ".h", ".cpp", ".hpp", ".cu", ".cuh")
    files = [path for path in source_files(root) if path.suffix in suffixes]
    problems = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        formatted = subprocess.run([clang_format, f"--assume-filename={path}"], input=text, check=True,
                                   stdout=subprocess.PIPE, text=True).stdout
        if formatted != text:
            problems.append(f"{path.relative_to(root)}: clang-format changes it")
    return problems if files else ["no source files"]
