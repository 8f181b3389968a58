# SPDX-License-Identifier: Apache-2.0
"""The loops that wait for memory still ask for it ahead. A compiler may drop a prefetch without a word: GCC 12 does where
a function that it inlines does nothing else. Looks at the machine code of a build that is optimised.

Usage: prefetches.py LIBRARY
"""
import collections
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# Functions by a part of their names, and the least number of prefetch instructions in each one.
EXPECTED = {"uni::cpu::gather_rows_": 20, "draw_chunks<": 3}
INSTRUCTION = re.compile(r"\b(prefetch\w*|prfm)\b")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def count_prefetches(disassembly):
    """Number of prefetch instructions by function name."""
    counts, name = collections.Counter(), None
    for line in disassembly.splitlines():
        function = FUNCTION.match(line)
        if function:
            name = function[1]
            counts[name] += 0
        elif name is not None and INSTRUCTION.search(line):
            counts[name] += 1
    return counts


def complaints(counts):
    """What is wrong, a line each."""
    found = []
    for part, least in EXPECTED.items():
        # What a compiler moved out of a function (cold parts) has a name of its own, in brackets.
        functions = {name: count for name, count in counts.items() if part in name and "[clone" not in name}
        if not functions:
            found.append(f"no function has {part} in its name")
        found += [f"{name}: {count} prefetches, expected {least}" for name, count in functions.items() if count < least]
    return found


def test_that_it_complains():
    planted = "0010 <uni::cpu::gather_rows_avx2(uni::cpu::GatherRange const&)>:\n 10: prefetcht0 (%rax)\n 13: ret\n"
    assert count_prefetches(planted) == {"uni::cpu::gather_rows_avx2(uni::cpu::GatherRange const&)": 1}
    assert len(complaints(count_prefetches(planted))) == 2
    assert len(complaints({})) == len(EXPECTED)
    assert complaints({"uni::cpu::gather_rows_avx2()": 20, "void uni::cpu::draw_chunks<int, int>()": 3}) == []


def main():
    test_that_it_complains()
    if shutil.which("objdump") is None:
        print("objdump is missing (Debian: binutils)")
        return SKIPPED
    done = subprocess.run(["objdump", "-d", "-C", "--no-show-raw-insn", sys.argv[1]], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"objdump cannot read this library: {done.stderr.strip()}")
        return SKIPPED
    found = complaints(count_prefetches(done.stdout))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
