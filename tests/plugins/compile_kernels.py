#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile kernels with nvcc, without a GPU: the kernel headers for every architecture that is supported, and the plugin's
own files of the kernels that have to be fast for the oldest, the newest and the one that was measured. Warnings are
errors, and so is a kernel that spills registers or has local memory, or that reads rows or lists without loads of 16 bytes.

usage: compile_kernels.py NVCC SOURCE ROOT ARCHITECTURE...
"""
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGIN_SOURCES = ("gather.cu", "scatter.cu", "sample_neighbors.cu")
PLUGIN_ARCHITECTURES = ("75", "90", "120")
# Kernels that move rows, or read adjacency lists by lines, as their mangled names have them. Of groups of four lanes, which
# are for graphs in device memory, a line would not be read at once.
READS_BY_16_BYTES = re.compile(r"GatherRows|GatherConverted|ScatterAssign|run_kernelILi(8|16|32)E\w*DrawEdges")
LOAD_OF_16_BYTES = "ld.global.v2.u64"


def compile_for(nvcc: str, source: Path, root: Path, architectures: list[str], folder: Path) -> tuple[bool, str]:
    command = [nvcc, "-std=c++20", "-O3", "-c", str(source), f"-I{root / 'src'}", f"-I{root / 'include'}",
               f"-I{root / 'cuda'}", "--threads", "2", "--Werror", "all-warnings", "-Xcompiler=-Wall,-Wextra",
               "-Xptxas", "-v", "--keep", "--keep-dir", str(folder), "-o", str(folder / "kernels.o")]
    command += [f"-gencode=arch=compute_{name},code=sm_{name}" for name in architectures]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.returncode == 0, run.stdout + run.stderr


def look_at_report(output: str) -> tuple[list[str], int, dict[str, int]]:
    """What ptxas says: spills, how many kernels, and the most registers of each architecture."""
    spills, kernels, most_registers = [], 0, {}
    kernel = architecture = "?"
    for line in output.splitlines():
        if match := re.search(r"Compiling entry function '(\w+)' for 'sm_(\w+)'", line):
            kernel, architecture = match.groups()
            kernels += 1
        elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            if any(int(number) > 0 for number in match.groups()):
                spills.append(f"{kernel} for sm_{architecture}: {match.group(0)}")
        elif match := re.search(r"Used (\d+) registers", line):
            most_registers[architecture] = max(most_registers.get(architecture, 0), int(match.group(1)))
    return spills, kernels, most_registers


def kernels_without_wide_loads(folder: Path) -> tuple[int, list[str]]:
    """Of the kernels that should have them: how many there are, and the names of those that have not."""
    count, without = 0, []
    for ptx in folder.glob("*.ptx"):
        for entry in re.split(r"(?=\.entry )", ptx.read_text())[1:]:
            name = re.match(r"\.entry\s+(\w+)", entry)
            if name is None or not READS_BY_16_BYTES.search(name.group(1)):
                continue
            count += 1
            if LOAD_OF_16_BYTES not in entry:
                without.append(f"{name.group(1)} in {ptx.name}")
    return count, without


def check(nvcc: str, source: Path, root: Path, architectures: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        compiled, output = compile_for(nvcc, source, root, architectures, Path(folder))
        num_wide, without = kernels_without_wide_loads(Path(folder))
    if not compiled:
        print(output)
        return False
    spills, kernels, most_registers = look_at_report(output)
    print(f"{source.name}: {kernels} kernels, {num_wide} that read 16 bytes at once; most registers:",
          ", ".join(f"sm_{name} {count}" for name, count in sorted(most_registers.items())))
    if sorted(most_registers) != sorted(architectures):
        print("the compiler's report does not cover every architecture:\n" + output)
        return False
    for spill in spills:
        print("spills, or has local memory:", spill)
    for name in without:
        print("has no loads of 16 bytes:", name)
    if num_wide == 0:
        print("no kernel was found that should read 16 bytes at once")
    return not spills and not without and num_wide > 0


def main() -> int:
    nvcc, source, root, *architectures = sys.argv[1:]
    good = check(nvcc, Path(source), Path(root), architectures)
    for name in PLUGIN_SOURCES:
        good = check(nvcc, Path(root) / "cuda" / name, Path(root), list(PLUGIN_ARCHITECTURES)) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
