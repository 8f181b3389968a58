#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the kernel headers with nvcc for every architecture that is supported, without a GPU. Warnings are errors, and
so is a kernel that spills registers.

usage: compile_kernels.py NVCC SOURCE INCLUDE_FOLDER ARCHITECTURE...
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    nvcc, source, include, *architectures = sys.argv[1:]
    command = [nvcc, "-std=c++20", "-O3", "-c", source, f"-I{include}", "--threads", "2", "--Werror", "all-warnings",
               "-Xcompiler=-Wall,-Wextra", "-Xptxas", "-v"]
    for architecture in architectures:
        command.append(f"-gencode=arch=compute_{architecture},code=sm_{architecture}")
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(command + ["-o", str(Path(folder) / "kernels.o")], capture_output=True, text=True)
    output = run.stdout + run.stderr
    if run.returncode != 0:
        print(output)
        return 1

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
    print(f"{kernels} kernels; most registers:",
          ", ".join(f"sm_{name} {count}" for name, count in sorted(most_registers.items())))
    if sorted(most_registers) != sorted(architectures):
        print("the compiler's report does not cover every architecture:\n" + output)
        return 1
    for spill in spills:
        print("spills:", spill)
    return 1 if spills else 0


if __name__ == "__main__":
    sys.exit(main())
