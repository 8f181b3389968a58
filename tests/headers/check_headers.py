# SPDX-License-Identifier: Apache-2.0
"""The public headers as their users see them.

compile: each header alone, and twice, under one compiler and standard with every warning an error.
use:     the initialisers and macros, under one compiler and standard.
cffi:    unitensor.h after the preprocessor, given to cffi as it is.
bindgen: unitensor.h given to bindgen as it is, and what comes out has to name every function and compile nothing away.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wundef", "-fsyntax-only"]
USE = """
#include "unitensor/macros.h"
#include "unitensor/unitensor.h"
int64_t use(int64_t *data);
int64_t use(int64_t *data) {
  uni_error error = UNI_ERROR_INIT;
  uni_context_options context = UNI_CONTEXT_OPTIONS_INIT;
  uni_tensor_desc tensor = UNI_TENSOR_DESC_INIT;
  uni_gather_options gather = UNI_GATHER_OPTIONS_INIT;
  uni_scatter_options scatter = UNI_SCATTER_OPTIONS_INIT;
  uni_graph_desc graph = UNI_GRAPH_DESC_INIT;
  uni_load_options load = UNI_LOAD_OPTIONS_INIT;
  uni_sample_options sample = UNI_SAMPLE_OPTIONS_INIT;
  uni_array vector = UNI_ARRAY_1D(UNI_DTYPE_INT64, data, 4);
  uni_array matrix = UNI_ARRAY_2D(UNI_DTYPE_INT64, data, 2, 2);
  return (int64_t)error.struct_size + context.struct_size + tensor.struct_size + gather.struct_size +
         scatter.struct_size + graph.struct_size + load.struct_size + sample.struct_size + vector.shape[0] +
         matrix.shape[1];
}
"""


def compile_text(compiler: list[str], standard: str, include: pathlib.Path, text: str) -> bool:
    is_c = standard.startswith("c") and not standard.startswith("c++")
    extra = ["-Wstrict-prototypes"] if is_c else []
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / ("header.c" if is_c else "header.cpp")
        source.write_text(text, encoding="utf-8")
        command = [*compiler, f"-std={standard}", *WARNINGS, *extra, "-I", str(include), str(source)]
        return subprocess.run(command, check=False).returncode == 0


def declared_functions(include: pathlib.Path) -> set[str]:
    """The functions that unitensor.h declares, backend.h left out."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((include / "unitensor").glob("*.h")))
    return set(re.findall(r"^UNI_API [^;{]*?\b(uni_\w+)\(", text, re.MULTILINE))


def check_compile(options: argparse.Namespace) -> int:
    failed = []
    headers = sorted((options.include / "unitensor").glob("*.h"))
    assert len(headers) > 5, "no headers"
    for header in headers:
        line = f'#include "unitensor/{header.name}"\n'
        if not compile_text(options.compiler, options.standard, options.include, line + line + "extern int unused;\n"):
            failed.append(header.name)
    print(f"{len(headers)} headers under {options.compiler} -std={options.standard}, failed: {failed}")
    return 1 if failed else 0


def check_use(options: argparse.Namespace) -> int:
    return 0 if compile_text(options.compiler, options.standard, options.include, USE) else 1


def check_cffi(options: argparse.Namespace) -> int:
    try:
        import cffi
    except ImportError:
        print("skipped: Python has no cffi")
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        # cffi knows the types of these two.
        for name in ("stddef.h", "stdint.h"):
            (pathlib.Path(folder) / name).touch()
        text = subprocess.run([*options.compiler, "-E", "-P", "-nostdinc", "-I", folder, "-I", str(options.include),
                               "-DUNI_API=", str(options.include / "unitensor" / "unitensor.h")],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
    builder = cffi.FFI()
    builder.cdef(text)
    declared = {name.split()[1] for name in builder._parser._declarations if name.startswith("function ")}
    missing = declared_functions(options.include) - declared
    print(f"cffi read {len(declared)} functions, missing: {sorted(missing)}")
    # Struct sizes as cffi lays them out, which is as C does.
    assert builder.sizeof("uni_array") == 112, builder.sizeof("uni_array")
    return 1 if missing or not declared else 0


def check_bindgen(options: argparse.Namespace) -> int:
    bindgen = shutil.which("bindgen")
    if bindgen is None:
        print("skipped: no bindgen")
        return SKIP
    result = subprocess.run([bindgen, "--default-enum-style", "consts", "--allowlist-function", "uni_.*",
                             "--allowlist-type", "uni_.*", "--allowlist-var", "UNI_.*",
                             str(options.include / "unitensor" / "unitensor.h"), "--", "-I", str(options.include)],
                            check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0 and "libclang" in result.stderr:
        print("skipped: bindgen finds no libclang")
        return SKIP
    if result.returncode != 0:
        sys.stderr.write(result.stderr)
        return 1
    # Where rustfmt is missing, the text has blanks in other places.
    found = set(re.findall(r"\bpub fn (uni_\w+)\s*\(", result.stdout))
    constants = set(re.findall(r"\bpub const (?:_bindgen_ty_\d+_)?(UNI_\w+)\s*:", result.stdout))
    missing = declared_functions(options.include) - found
    print(f"bindgen wrote {len(found)} functions and {len(constants)} constants, missing: {sorted(missing)}")
    return 1 if missing or "UNI_STATUS_OUT_OF_BOUNDS" not in constants else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=["compile", "use", "cffi", "bindgen"])
    parser.add_argument("include", type=pathlib.Path, help="folder that has unitensor/")
    parser.add_argument("--standard", default="c11")
    parser.add_argument("--compiler", nargs=argparse.REMAINDER, help="with its arguments; comes last")
    options = parser.parse_args()
    return {"compile": check_compile, "use": check_use, "cffi": check_cffi, "bindgen": check_bindgen}[options.check](
        options)


if __name__ == "__main__":
    sys.exit(main())
