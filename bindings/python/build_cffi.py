# SPDX-License-Identifier: Apache-2.0
"""Write the C source of the extension module `unitensor._unitensor`.

The public headers go through the C preprocessor, and what comes out goes to cffi unedited: the headers are the one
description of the API. The C glue beside this file adds what a binding for Python needs of its own.
"""
import argparse
import pathlib
import subprocess

import cffi

SOURCE = """
#include <unitensor/unitensor.h>
"""


def preprocess(compiler: list[str], include: pathlib.Path, work: pathlib.Path) -> str:
    """The declarations of unitensor.h, without those of the system's headers."""
    fake_include = work / "fake_include"
    fake_include.mkdir(parents=True, exist_ok=True)
    for name in ("stddef.h", "stdint.h"):
        (fake_include / name).touch()
    command = [*compiler, "-E", "-P", "-nostdinc", "-I", str(fake_include), "-I", str(include), "-DUNI_API=",
               str(include / "unitensor" / "unitensor.h")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the C file to write")
    parser.add_argument("--include", type=pathlib.Path, required=True, help="folder that has unitensor/unitensor.h")
    parser.add_argument("--glue", type=pathlib.Path, required=True, help="C code to put into the module")
    parser.add_argument("--glue-cdef", type=pathlib.Path, required=True, help="its declarations for cffi")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for intermediate files")
    parser.add_argument("compiler", nargs="+", help="the C compiler")
    options = parser.parse_args()

    builder = cffi.FFI()
    builder.cdef(preprocess(options.compiler, options.include, options.work))
    builder.cdef(options.glue_cdef.read_text(encoding="utf-8"))
    builder.set_source("unitensor._unitensor", SOURCE + options.glue.read_text(encoding="utf-8"))
    builder.emit_c_code(str(options.output))


if __name__ == "__main__":
    main()
