# SPDX-License-Identifier: Apache-2.0
"""The types of the binary interface against the baseline unitensor.abi, by libabigail's abidiff.

check LIBRARY: whether programs that were built against the baseline run with the library. A new function is no difference.
write:         the baseline anew, from the public headers alone, so that it holds nothing of the library's inside and does
               not depend on how the library was compiled.
self-test:     that changes of headers which break programs are found, and that additions are not complained of.

77: a tool is missing, or this is not the machine that the baseline is for.
"""
from __future__ import annotations

import argparse
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import abi

SKIP = 77
FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
BASELINE = FOLDER / "unitensor.abi"
NOT_IN_THE_LIBRARY = ("backend.h", "macros.h")
# Each: what breaks programs, in which header, what stands there, and what instead.
BREAKS = [
    ("a member that grows", "gather.h", "int32_t order;               /**< UNI_ORDER_*. */", "int64_t order;"),
    ("members in another order", "array.h", "int32_t device_type;  /**< UNI_DEVICE_*; 0 means UNI_DEVICE_CPU. */\n"
     "  int32_t device_id;    /**< Ordinal of the device; 0 for the CPU. */",
     "int32_t device_id;\n  int32_t device_type;"),
    ("a parameter more", "context.h", "uni_status uni_context_check(uni_context *context, uni_error *error);",
     "uni_status uni_context_check(uni_context *context, int32_t wait, uni_error *error);"),
    ("a parameter of another type", "array.h", "UNI_API const char *uni_dtype_name(int32_t dtype);",
     "UNI_API const char *uni_dtype_name(int64_t dtype);"),
    ("another result", "array.h", "UNI_API int64_t uni_dtype_size(int32_t dtype);",
     "UNI_API int32_t uni_dtype_size(int32_t dtype);"),
    ("a function that is gone", "array.h", "UNI_API const char *uni_memory_name(int32_t memory);", ""),
    ("a callback of another type", "npy.h", "int64_t bytes_done, int64_t bytes_total);", "int64_t bytes_done);"),
]
ADDITIONS = [("a new function", "array.h", "UNI_API const char *uni_memory_name(int32_t memory);",
              "UNI_API const char *uni_memory_name(int32_t memory);\nUNI_API int32_t uni_more(int32_t number);")]


def stubs(include: pathlib.Path) -> str:
    """A C program with an empty definition of every public function."""
    lines = ['#include "unitensor/unitensor.h"']
    for header in sorted((include / "unitensor").glob("*.h")):
        if header.name in NOT_IN_THE_LIBRARY:
            continue
        text = re.sub(r"^#.*?(?<!\\)$", "", abi.without_comments(header.read_text(encoding="utf-8")),
                      flags=re.MULTILINE | re.DOTALL)
        for declaration in re.findall(r"^UNI_API ([^;]*);", text, flags=re.MULTILINE):
            body = "{}" if declaration.startswith("void uni_") else "{ return 0; }"
            lines.append(f"UNI_API {abi.squeeze(declaration)} {body}")
    return "\n".join(lines) + "\n"


def build_stubs(include: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A library of them, with the soname of the headers."""
    version = (include / "unitensor" / "version.h").read_text(encoding="utf-8")
    soname = f"libunitensor.so.{re.findall(r'UNI_ABI_MAJOR ([0-9]+)', version)[0]}"
    source, library, versions = folder / "stubs.c", folder / soname, folder / "stubs.map"
    source.write_text(stubs(include), encoding="utf-8")
    # As in src/unitensor.map, for whatever functions there are.
    versions.write_text("UNI_0 { global: uni_*; local: *; };\n", encoding="utf-8")
    subprocess.run(["cc", "-g", "-gdwarf-4", "-std=c11", "-shared", "-fPIC", "-w", f"-ffile-prefix-map={folder}=.",
                    f"-ffile-prefix-map={include}=include", "-I", str(include), str(source), "-o",
                    str(library), f"-Wl,-soname,{soname}", f"-Wl,--version-script={versions}"], check=True)
    return library


def compare(library: pathlib.Path) -> tuple[int, str]:
    done = subprocess.run(["abidiff", "--no-added-syms", str(BASELINE), str(library)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def check(library: pathlib.Path) -> int:
    sections = subprocess.run(["readelf", "--section-headers", "--wide", str(library)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    if ".debug_info" not in sections:
        print("skipped: the library has no debug information")
        return SKIP
    status, output = compare(library)
    print(output or f"{library.name}: as the baseline")
    if status != 0:
        print("Programs that were built against the baseline would break. docs/abi.md says when that may be, and how.")
    return 1 if status != 0 else 0


def write() -> int:
    with tempfile.TemporaryDirectory() as name:
        library = build_stubs(ROOT / "include", pathlib.Path(name))
        subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--out-file", str(BASELINE),
                        str(library)], check=True)
    return 0


def self_test() -> int:
    missed = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(ROOT / "include", folder / "include")
        for what, header, old, new in [("nothing", "array.h", "", ""), *BREAKS, *ADDITIONS]:
            path = folder / "include" / "unitensor" / header
            before = path.read_text(encoding="utf-8")
            assert old in before, f"{header} has no {old!r}"
            path.write_text(before.replace(old, new, 1), encoding="utf-8")
            status, output = compare(build_stubs(folder / "include", folder))
            path.write_text(before, encoding="utf-8")
            if (status != 0) != any(what == row[0] for row in BREAKS):
                missed.append(f"{what}: abidiff ended with {status}\n{output}")
    print("\n".join(missed) or f"{len(BREAKS)} breaks found, {len(ADDITIONS)} additions allowed")
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "write", "self-test"])
    parser.add_argument("library", type=pathlib.Path, nargs="?")
    options = parser.parse_args()
    for tool in ("abidiff", "abidw", "readelf", "cc"):
        if shutil.which(tool) is None:
            print(f"skipped: no {tool} (abigail-tools, binutils)")
            return SKIP
    if platform.machine() != "x86_64":
        print("skipped: the baseline is for x86-64")
        return SKIP
    if options.command == "check":
        return check(options.library)
    return write() if options.command == "write" else self_test()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
