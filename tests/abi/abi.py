# SPDX-License-Identifier: Apache-2.0
"""The binary interface, written down: sizes, alignments, offsets, constants, signatures.

generate: write a C program that prints what the public headers declare, every struct, field, enumerator and function.
compare:  run it and compare with the committed list. A line that changed or went away breaks programs that are there
          already; a new line is added to the list in the same commit as what it describes.
"""
import argparse
import difflib
import pathlib
import re
import subprocess
import sys


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def squeeze(text: str) -> str:
    return " ".join(text.split())


def field_name(declaration: str) -> str:
    pointer = re.search(r"\(\*(\w+)\)", declaration)
    if pointer:
        return pointer.group(1)
    plain = re.search(r"(\w+)(?:\[\w+\])?$", declaration)
    assert plain and "," not in declaration, f"one field a line: {declaration}"
    return plain.group(1)


def describe(text: str) -> list[str]:
    """Statements that print one header's declarations."""
    text = re.sub(r"^#.*?(?<!\\)$", "", without_comments(text), flags=re.MULTILINE | re.DOTALL)
    lines = []
    for body in re.findall(r"\benum\s*\{(.*?)\}", text, flags=re.DOTALL):
        for name in re.findall(r"\b(UNI_\w+)\s*=", body):
            lines.append(f'  printf("constant %s = %lld\\n", "{name}", (long long){name});')
    for name, body in re.findall(r"typedef struct (uni_\w+) \{(.*?)\} \1;", text, flags=re.DOTALL):
        lines.append(f'  printf("struct %s size %zu alignment %zu\\n", "{name}", sizeof({name}), _Alignof({name}));')
        for declaration in filter(None, map(squeeze, body.split(";"))):
            field = field_name(declaration)
            lines.append(f'  printf("  %s at %zu, %zu bytes: %s\\n", "{field}", offsetof({name}, {field}), '
                         f'sizeof((({name} *)0)->{field}), "{declaration}");')
    declarations = re.findall(r"^UNI_API ([^;]*);", text, flags=re.MULTILINE)
    callbacks = re.findall(r"^typedef ([^;{]*\(\*uni_\w+\)[^;]*);", text, flags=re.MULTILINE)
    lines += [f'  puts("callback {squeeze(callback)}");' for callback in callbacks]
    lines += [f'  puts("function {squeeze(declaration)}");' for declaration in declarations]
    return lines


def generate(headers: list[pathlib.Path], output: pathlib.Path) -> None:
    names = [f'#include "unitensor/{header.name}"' for header in headers]
    lines = ["#include <stddef.h>", "#include <stdio.h>", *names, "int main(void) {"]
    for header in sorted(headers):
        body = describe(header.read_text(encoding="utf-8"))
        if body:
            lines += [f'  puts("# {header.name}");', *body]
    lines += ['  printf("UNI_ABI_MAJOR %d\\n", UNI_ABI_MAJOR);', "  return 0;", "}"]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def compare(program: pathlib.Path, expected: pathlib.Path) -> int:
    found = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    committed = expected.read_text(encoding="utf-8")
    if found == committed:
        print(f"{len(found.splitlines())} lines, all as in {expected.name}")
        return 0
    sys.stdout.writelines(difflib.unified_diff(committed.splitlines(True), found.splitlines(True), expected.name,
                                               "the headers"))
    print(f"The binary interface is not the one in {expected.name}. Where the change is meant, write the list anew:\n"
          f"  {program} > {expected}")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    generating = commands.add_parser("generate")
    generating.add_argument("output", type=pathlib.Path)
    generating.add_argument("headers", type=pathlib.Path, nargs="+")
    comparing = commands.add_parser("compare")
    comparing.add_argument("program", type=pathlib.Path)
    comparing.add_argument("expected", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "generate":
        generate(options.headers, options.output)
        return 0
    return compare(options.program, options.expected)


if __name__ == "__main__":
    sys.exit(main())
