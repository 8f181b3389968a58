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
# Loops by a part of the names of their functions, and the least number of prefetch instructions in each loop. The parts
# of a loop that a compiler leaves in functions of their own have the same match in their names, and count with it.
EXPECTED = {r"uni::cpu::gather_rows_\w+\(": 20, r".*\bdraw_chunks<.*": 3, r"uni::cpu::scatter\b": 20}
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
    for pattern, least in EXPECTED.items():
        loops = collections.Counter()
        for name, count in counts.items():
            loop = re.search(pattern, name)
            # What a compiler moved out of a function (cold parts) has a name of its own, in brackets.
            if loop and "[clone" not in name:
                loops[loop[0]] += count
        if not loops:
            found.append(f"no function has {pattern} in its name")
        found += [f"{loop}: {count} prefetches, expected {least}" for loop, count in loops.items() if count < least]
    return found


def test_that_it_complains():
    planted = "0010 <uni::cpu::gather_rows_avx2(uni::cpu::GatherRange const&)>:\n 10: prefetcht0 (%rax)\n 13: ret\n"
    assert count_prefetches(planted) == {"uni::cpu::gather_rows_avx2(uni::cpu::GatherRange const&)": 1}
    assert len(complaints(count_prefetches(planted))) == len(EXPECTED)
    assert len(complaints({})) == len(EXPECTED)
    good = {"uni::cpu::gather_rows_avx2()": 20, "void uni::cpu::draw_chunks<int, int>()": 3, "uni::cpu::scatter()": 20}
    assert complaints(good) == []
    # As Clang leaves it: the loop in a function named by the lambda that it is given.
    outside = good | {"uni::cpu::gather_rows_avx2()": 0, "gather_any<uni::cpu::gather_rows_avx2(Range)::$_0>(Range)": 20}
    assert complaints(outside) == []
    assert complaints(good | {"void uni::cpu::draw_chunks<int, long>()": 2}) != []
    assert complaints(good | {"uni::cpu::gather_rows_avx512(Range)": 2}) != []


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
