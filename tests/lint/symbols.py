# SPDX-License-Identifier: Apache-2.0
"""What the built library exports and needs."""
import pathlib
import re
import subprocess

import headers

# The C and C++ runtimes, and nothing else.
RUNTIMES = re.compile(r"(?:libc|libm|libdl|libpthread|libgcc_s|libstdc\+\+|libc\+\+(?:abi)?|ld-linux[\w-]*)\.so\.\d+")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check_map(root: pathlib.Path) -> list[str]:
    """The version script names what the headers declare, in order, and hides the rest."""
    text = headers.without_comments((root / "src" / "unitensor.map").read_text(encoding="utf-8"))
    found = re.fullmatch(r"\s*UNI_\d+ \{\s*global:(?P<names>.*)\slocal:\s*\*;\s*\};\s*", text, re.DOTALL)
    if not found:
        return ["src/unitensor.map: not one version with a list of names and local: *"]
    names = [name.strip() for name in found["names"].split(";") if name.strip()]
    problems = [f"src/unitensor.map: {name} is out of order or doubled" for before, name in zip(names, names[1:])
                if before >= name]
    declared = {name for header in sorted((root / "include" / "unitensor").glob("*.h"))
                for name in headers.function_names(header.read_text(encoding="utf-8"))}
    problems += [f"src/unitensor.map: {name} is missing" for name in sorted(declared - set(names))]
    problems += [f"src/unitensor.map: {name} is in no header" for name in sorted(set(names) - declared)]
    return problems


def check_library(root: pathlib.Path, library: pathlib.Path) -> list[str]:
    """The library exports what the version script names, needs only the runtimes, and has no executable stack."""
    text = headers.without_comments((root / "src" / "unitensor.map").read_text(encoding="utf-8"))
    names = set(re.findall(r"\b(uni_\w+);", text))
    exported = set()
    for line in run("nm", "--dynamic", "--defined-only", str(library)).splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":  # The version itself.
            exported.add(name.split("@")[0])
    problems = [f"{library.name}: exports {name}, which src/unitensor.map does not name"
                for name in sorted(exported - names)]
    problems += [f"{library.name}: does not export {name}" for name in sorted(names - exported)]
    dynamic = run("readelf", "--dynamic", "--wide", str(library))
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if not RUNTIMES.fullmatch(needed):
            problems.append(f"{library.name}: needs {needed}")
    if "TEXTREL" in dynamic:
        problems.append(f"{library.name}: has text relocations")
    if not re.search(r"\b(?:BIND_NOW|NOW)\b", dynamic):
        problems.append(f"{library.name}: is not linked with -z now")
    segments = run("readelf", "--program-headers", "--wide", str(library))
    stack = re.search(r"GNU_STACK.*?(R\S*)\s+0x", segments)
    if not stack or "E" in stack.group(1):
        problems.append(f"{library.name}: its stack is executable")
    if "GNU_RELRO" not in segments:
        problems.append(f"{library.name}: is not linked with -z relro")
    return problems
