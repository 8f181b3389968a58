# SPDX-License-Identifier: Apache-2.0
"""Every lint has to find what it is for: faults are planted in a copy of the tree, one at a time."""
from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

sys.dont_write_bytecode = True

import bindings  # noqa: E402
import headers  # noqa: E402
import sources  # noqa: E402
import symbols  # noqa: E402

Check = Callable[[pathlib.Path], list[str]]
GATHER_H = "include/unitensor/gather.h"
# Each: the lint, the file, what is replaced there (None: text to append) by what, and what the complaint contains.
FAULTS: list[tuple[Check, str, str | None, str, str]] = [
    (headers.check, GATHER_H, "#ifndef UNITENSOR_GATHER_H", "#ifndef GATHER_H", "no include guard"),
    (headers.check, GATHER_H, "/* SPDX-License-Identifier: Apache-2.0 */\n", "", "does not begin with the licence"),
    (headers.check, GATHER_H, '#include "tensor.h"', '#include "tensor.h"\n#include <stdbool.h>',
     "includes <stdbool.h>"),
    (headers.check, GATHER_H, "UNI_API uni_status uni_scatter(", "uni_status uni_scatter(",
     "uni_scatter has no UNI_API"),
    (headers.check, GATHER_H, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif",
     "\n#ifdef __cplusplus\n}\n#endif\nUNI_API uni_status uni_extra(uni_error *error);\n#endif",
     'outside of extern "C"'),
    (headers.check, GATHER_H, " * @threads One thread for @p destination. @on_error", " * @on_error",
     "uni_scatter: no @threads"),
    (headers.check, GATHER_H, "is unchanged on the CPU. @since 0.1 */\nUNI_API uni_status uni_scatter(",
     "is unchanged. */\nUNI_API uni_status uni_scatter(", "uni_scatter: no @since"),
    (headers.check, GATHER_H, "@on_error *out is NULL. ", "", "uni_gather: no @on_error"),
    (headers.check, GATHER_H, " * @return UNI_STATUS_OK; _INVALID_ARGUMENT;", " * Gives UNI_STATUS_OK;",
     "uni_gather: no @return"),
    (headers.check, GATHER_H, " * @param[in]  index   Not NULL, one", " * Not NULL, one",
     "uni_gather: nothing about index"),
    (headers.check, GATHER_H, "UNI_API uni_status uni_scatter(", "UNI_API uni_status uni_other(uni_error *error);\n"
     "UNI_API uni_status uni_scatter(", "uni_scatter: no comment"),
    (headers.check, GATHER_H, "/** What a scatter does where it writes. */\nenum {\n  UNI_SCATTER_ASSIGN = 0, /**< ",
     "enum {\n  UNI_SCATTER_OTHER = 0 };\nenum { UNI_SCATTER_ASSIGN = 0, /**< ", "UNI_SCATTER_OTHER: no comment"),
    (headers.check, GATHER_H, "UNI_BOUNDS_CHECK = 0,", "UNI_BOUNDS_CHECK,", "UNI_BOUNDS_CHECK: not written"),
    (headers.check, GATHER_H, "typedef struct uni_scatter_options {",
     "typedef struct uni_bare {\n  int32_t x;\n} uni_bare;\n"
     "typedef struct uni_scatter_options {", "uni_bare: no comment"),
    (headers.check, "include/meson.build", "'unitensor/npy.h',", "", "npy.h: is not installed"),
    (sources.check_files, "src/core/npy.cpp", "// SPDX-License-Identifier: Apache-2.0\n", "", "the SPDX line"),
    (sources.check_files, "src/core/npy.cpp", None, "\n" * sources.MAX_LINES, "lines, at most"),
    (sources.check_files, "src/core/npy.cpp", None, "// TO" + "DO: the rest\n", "unfinished"),
    (sources.check_files, "scripts/common.sh", None, "# FIX" + "ME\n", "unfinished"),
    (sources.check_files, "src/core/npy.hpp", "#pragma once\n", "", "has no include guard"),
    (sources.check_calls, "src/core/npy.cpp", None, "void f() { std::abort(); }\n", "may not call"),
    (sources.check_calls, "src/core/npy.cpp", None, 'void f() { printf("x"); }\n', "may not call printf"),
    (sources.check_calls, "src/core/npy.cpp", None, 'void f() { std::cerr << "x"; }\n', "may not call std::cerr"),
    (sources.check_calls, "src/cpu/gather.cpp", None, "void f() { assert(true); }\n", "may not call assert"),
    (sources.check_calls, "src/kernels/philox.hpp", None, 'void f() { fputs("x", stderr); }\n', "may not call stderr"),
    (sources.check_guards, "src/capi/npy.cpp", '  return guard(error, [&] {\n    require(tensor, "tensor");\n'
     '    require(path, "path");\n    uni::core::save_npy(*tensor, path);\n  });',
     "  uni::core::save_npy(*tensor, path);\n  return UNI_STATUS_OK;", "uni_tensor_save does not go through guard()"),
    (sources.check_guards, "src/capi/npy.cpp", "uni_status uni_tensor_save(", "uni_status uni_tensor_store(",
     "does not define uni_tensor_save"),
    (sources.check_guards, "src/capi/npy.cpp", "uni_status uni_tensor_save(", "uni_status uni_tensor_store(",
     "uni_tensor_store is in no header"),
    (sources.check_guards, "src/capi/npy.cpp", 'extern "C" {', "", 'no extern "C"'),
    (sources.check_guards, "src/capi/version.cpp", "{ return UNI_ABI_VERSION; }", "{ return *new uint32_t(1); }",
     "uni_abi_version is not trivial"),
    (symbols.check_map, "src/unitensor.map", "    uni_scatter;\n", "", "uni_scatter is missing"),
    (symbols.check_map, "src/unitensor.map", "    uni_scatter;\n", "    uni_scatter;\n    uni_scatter_more;\n",
     "uni_scatter_more is in no header"),
    (symbols.check_map, "src/unitensor.map", "    uni_abi_version;\n    uni_context_backend;\n",
     "    uni_context_backend;\n    uni_abi_version;\n", "uni_abi_version is out of order"),
    (bindings.check, "src/unitensor.map", "    uni_scatter;\n", "    uni_scatter;\n    uni_scatter_more;\n",
     "bindings/python: nothing calls uni_scatter_more"),
    (bindings.check, "src/unitensor.map", "    uni_scatter;\n", "    uni_scatter;\n    uni_scatter_more;\n",
     "bindings/rust/unitensor/src: nothing calls uni_scatter_more"),
    (bindings.check, "src/unitensor.map", "    uni_scatter;\n", "    uni_scatter;\n    uni_scatter_more;\n",
     "bindings/julia/UniTensor/src: nothing calls uni_scatter_more"),
    (bindings.check, "bindings/python/unitensor/rows.py", "lib.uni_scatter", "# lib.uni_scatter", "nothing calls uni_scatter"),
    (bindings.check, "src/unitensor.map", "    uni_graph_retain;\n", "", "there is no uni_graph_retain"),
    (symbols.check_map, "src/unitensor.map", "  local:\n    *;\n", "", "not one version"),
]


def plant(root: pathlib.Path, name: str, old: str | None, new: str) -> str:
    """Changes a file and gives what it was."""
    path = root / name
    before = path.read_text(encoding="utf-8")
    assert old is None or old in before, f"{name} has no {old!r} to plant a fault in"
    path.write_text(before + new if old is None else before.replace(old, new, 1), encoding="utf-8")
    return before


def test_trees(root: pathlib.Path) -> list[str]:
    """The faults that a lint did not find."""
    missed = []
    for check, name, old, new, expected in FAULTS:
        clean = check(root)
        before = plant(root, name, old, new)
        found = [problem for problem in check(root) if problem not in clean]
        (root / name).write_text(before, encoding="utf-8")
        if not any(expected in problem for problem in found):
            missed.append(f"{check.__module__}.{check.__name__}: did not find {expected!r} in {name}, but {found}")
    return missed


def test_format(root: pathlib.Path) -> list[str]:
    clang_format = shutil.which("clang-format")
    if clang_format is None:
        return []
    header = root / "src/core/npy.hpp"
    header.write_text(header.read_text(encoding="utf-8") + "int  badly( formatted );\n", encoding="utf-8")
    found = sources.check_format(root, clang_format)
    return [] if any("npy.hpp" in problem for problem in found) else ["sources.check_format: did not find npy.hpp"]


def build_library(folder: pathlib.Path, code: str, *arguments: str) -> pathlib.Path:
    source, library = folder / "library.c", folder / "libplanted.so"
    source.write_text(code, encoding="utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library), *arguments], check=True)
    return library


def test_libraries(root: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """Small libraries with what ours may not have."""
    hardened = ["-Wl,-z,relro,-z,now,-z,noexecstack"]
    names = sorted(set(re.findall(r"\b(uni_\w+);", (root / "src/unitensor.map").read_text(encoding="utf-8"))))
    code = "".join(f"void {name}(void) {{}}\n" for name in names)
    cases: list[tuple[str, list[str], str | None]] = [
        (code, hardened, None),
        (code + "void uni_extra(void) {}\n", hardened, "exports uni_extra"),
        (code.replace("void uni_scatter(void) {}\n", ""), hardened, "does not export uni_scatter"),
        (code, [*hardened, "-Wl,--no-as-needed", "-L", str(folder), "-lforeign"], "needs libforeign.so"),
        (code, ["-Wl,-z,relro,-z,now,-z,execstack"], "stack is executable"),
        (code, ["-Wl,-z,relro,-z,lazy,-z,noexecstack"], "not linked with -z now"),
        (code, ["-Wl,-z,norelro,-z,now,-z,noexecstack"], "not linked with -z relro"),
    ]
    foreign = build_library(folder, "int foreign;\n")
    foreign.rename(folder / "libforeign.so")
    missed = []
    for text, arguments, expected in cases:
        found = symbols.check_library(root, build_library(folder, text, *arguments))
        if (expected is None and found) or (expected is not None and not any(expected in problem for problem in found)):
            missed.append(f"symbols.check_library: expected {expected!r}, found {found}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=pathlib.Path, help="top of the source tree")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tree = folder / "tree"
        for part in ("include", "src", "scripts", "bindings"):
            shutil.copytree(options.root / part, tree / part, ignore=shutil.ignore_patterns("target", "__pycache__"))
        if (options.root / ".clang-format").exists():
            shutil.copy(options.root / ".clang-format", tree)
        missed = test_trees(tree) + test_libraries(tree, folder) + test_format(tree)
    for problem in missed:
        print(problem)
    print(f"{len(FAULTS)} faults planted in the tree, {len(missed)} not found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
