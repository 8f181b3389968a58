# SPDX-License-Identifier: Apache-2.0
"""Writes UniTensor/src/LibUnitensor.jl, the low-level layer of the Julia package, from the public headers.

generate.py          writes the file
generate.py --check  fails if the file is not what would be written
"""
from __future__ import annotations

import argparse
import difflib
import pathlib
import re
import sys
import textwrap
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "unitensor"
OUTPUT = pathlib.Path(__file__).resolve().parent / "UniTensor" / "src" / "LibUnitensor.jl"
# Not part of unitensor.h: for authors of plugins, for C alone, without declarations.
LEFT_OUT = ("backend.h", "export.h", "macros.h", "unitensor.h")
MACROS = ("UNI_ABI_MAJOR", "UNI_ABI_MINOR")
SCALARS = {"char": "UInt8", "int32_t": "Int32", "int64_t": "Int64", "uint32_t": "UInt32", "uint64_t": "UInt64",
           "uni_status": "Int32", "void": "Cvoid"}
# What a caller only ever passes zeroed, with its size, to be filled in.
FILLED_IN = re.compile(r"uni_(?:error|statistics|\w+_info)")
WIDTH = 120

HEADER = '''\
# SPDX-License-Identifier: Apache-2.0
# Written by bindings/julia/generate.py from the headers in include/unitensor; not to be edited.
"""
The C API of libunitensor as it is: constants, structs and functions under their C names. The C headers document them.
Every constant is an `Int32`, never an enumeration, so that values which a newer library adds stay values.
"""
module LibUnitensor
'''

LOADING = '''
# Where the functions of the loaded library lie, in the order of FUNCTIONS.
const ADDRESSES = fill(C_NULL, length(FUNCTIONS))

function address(position)
    found = ADDRESSES[position]
    found == C_NULL && error("libunitensor is not loaded")
    return found
end
'''


class Function(NamedTuple):
    name: str
    result: str
    parameters: list[tuple[str, str]]


class Struct(NamedTuple):
    name: str
    fields: list[tuple[str, str]]


class Declarations(NamedTuple):
    constants: list[tuple[str, int]]
    opaque: list[str]
    structs: list[Struct]
    functions: list[Function]


def squeeze(text: str) -> str:
    return " ".join(text.split())


def read_headers(folder: pathlib.Path) -> Declarations:
    """What the headers declare. Anything that is not understood is an error, never left out."""
    texts = []
    macros = {}
    for path in sorted(folder.glob("*.h")):
        if path.name in LEFT_OUT:
            continue
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        macros.update(re.findall(r"^#define (UNI_\w+) (\d+)$", text, flags=re.MULTILINE))
        texts.append(re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.MULTILINE | re.DOTALL))
    text = "\n".join(texts)
    constants = [(name, int(macros[name])) for name in MACROS]
    for body in re.findall(r"\benum\s*\{(.*?)\}", text, flags=re.DOTALL):
        for entry in filter(None, map(squeeze, body.split(","))):
            name, value = re.fullmatch(r"(UNI_\w+) = (-?\d+)", entry).groups()
            constants.append((name, int(value)))
    opaque = re.findall(r"^typedef struct (uni_\w+) \1;", text, flags=re.MULTILINE)
    opaque += re.findall(r"^struct (\w+);", text, flags=re.MULTILINE)
    callbacks = re.findall(r"^typedef [^;{]*\(\*(uni_\w+)\)[^;]*;", text, flags=re.MULTILINE)
    bodies = re.findall(r"^typedef struct (uni_\w+) \{(.*?)\} \1;", text, flags=re.MULTILINE | re.DOTALL)
    types = {**SCALARS, **{name: "Ptr{Cvoid}" for name in callbacks}, **{name: name for name in opaque},
             **{name: name for name, _ in bodies}}
    structs = [Struct(name, [declared(types, field) for field in filter(None, map(squeeze, body.split(";")))])
               for name, body in bodies]
    functions = []
    for declaration in map(squeeze, re.findall(r"^UNI_API ([^;]*);", text, flags=re.MULTILINE)):
        head, arguments = re.fullmatch(r"([^()]*)\(([^()]*)\)", declaration).groups()
        name, result = declared(types, head)
        parameters = [] if arguments == "void" else [declared(types, one) for one in arguments.split(", ")]
        # Text goes in as a String, which ccall checks for NUL characters.
        parameters = [(n, "Cstring" if t == "Ptr{UInt8}" else t) for n, t in parameters]
        functions.append(Function(name, "Cstring" if result == "Ptr{UInt8}" else result, parameters))
    return Declarations(constants, opaque, structs, sorted(functions))


def declared(types: dict[str, str], declaration: str) -> tuple[str, str]:
    """Name and Julia type of `const uni_tensor *view`, `char message[512]` and so on."""
    found = re.fullmatch(r"(?:const )?(?:struct )?(\w+) ((?:\*|const|\s)*)(\w+)(?:\[(\d+)\])?", declaration)
    assert found, f"not understood: {declaration}"
    base, stars, name, length = found.groups()
    julia = types[base]
    for _ in range(stars.count("*")):
        julia = f"Ptr{{{julia}}}"
    return name, f"NTuple{{{length}, {julia}}}" if length else julia


def default_of(struct: str, name: str, julia: str) -> str:
    if name == "struct_size":
        return f"sizeof({struct})"
    if julia.startswith("NTuple"):
        return f"ntuple(_ -> 0, {re.search(r'[0-9]+', julia).group()})"
    return "C_NULL" if julia.startswith("Ptr") else "0"


def wrapped(text: str, indent: str) -> str:
    together = re.sub(" =$", "\0=", text.replace(" = ", "\0=\0"))
    return textwrap.fill(together, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False).replace("\0", " ")


def write(declarations: Declarations) -> str:
    lines = [HEADER]
    lines += [f"const {name} = Int32({value})" for name, value in declarations.constants]
    lines += [""] + [f"mutable struct {name} end" for name in declarations.opaque]
    for struct in declarations.structs:
        lines += ["", f"struct {struct.name}"] + [f"    {name}::{julia}" for name, julia in struct.fields] + ["end"]
        if not FILLED_IN.fullmatch(struct.name):
            defaults = ", ".join(f"{name} = {default_of(struct.name, name, julia)}" for name, julia in struct.fields)
            lines += [f"{struct.name}(;", wrapped(f"{defaults}) =", "    "),
                      wrapped(f"{struct.name}({', '.join(name for name, _ in struct.fields)})", "    ")]
    lines += ["", '"Every function of the C API."', "const FUNCTIONS = ("]
    lines += [wrapped(" ".join(f":{function.name}," for function in declarations.functions), "    "), ")", LOADING]
    for position, function in enumerate(declarations.functions, 1):
        names = ", ".join(name for name, _ in function.parameters)
        types = ", ".join(julia for _, julia in function.parameters)
        types += "," if len(function.parameters) == 1 else ""
        call = f"ccall(address({position}), {function.result}, ({types})" + (f", {names})" if names else ")")
        lines += [f"{function.name}({names}) =", wrapped(call, "    ")]
    return "\n".join(lines) + "\n\nend\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--headers", type=pathlib.Path, default=HEADERS, help="folder of the public headers")
    options = parser.parse_args()
    expected = write(read_headers(options.headers))
    if not options.check:
        OUTPUT.write_text(expected, encoding="utf-8")
        return 0
    found = OUTPUT.read_text(encoding="utf-8")
    if found == expected:
        print(f"{OUTPUT.name} is as generated, {len(found.splitlines())} lines")
        return 0
    sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), expected.splitlines(True), OUTPUT.name,
                                               "the headers"))
    print(f"{OUTPUT.name} is not what the headers declare; write it anew: python3 bindings/julia/generate.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
