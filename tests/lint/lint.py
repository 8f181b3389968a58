# SPDX-License-Identifier: Apache-2.0
"""Run one lint over the source tree. Prints what it finds, and fails if that is anything; 77: a tool is missing."""
import argparse
import pathlib
import shutil
import sys

import bindings
import headers
import sources
import symbols

SKIP = 77


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lint", choices=["headers", "files", "calls", "guards", "map", "library", "format", "bindings"])
    parser.add_argument("root", type=pathlib.Path, help="top of the source tree")
    parser.add_argument("--library", type=pathlib.Path, help="the built library, for `library`")
    options = parser.parse_args()
    root = options.root
    if options.lint == "format":
        clang_format = shutil.which("clang-format")
        if clang_format is None:
            print("skipped: no clang-format")
            return SKIP
        problems = sources.check_format(root, clang_format)
    elif options.lint == "library":
        if shutil.which("nm") is None or shutil.which("readelf") is None:
            print("skipped: no binutils")
            return SKIP
        problems = symbols.check_library(root, options.library)
    else:
        problems = {"headers": headers.check, "files": sources.check_files, "calls": sources.check_calls,
                    "guards": sources.check_guards, "map": symbols.check_map, "bindings": bindings.check}[options.lint](root)
    for problem in problems:
        print(problem)
    print(f"{options.lint}: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
