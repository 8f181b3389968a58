#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count what `meson test` ran: prints PASSED FAILED SKIPPED for a log that it wrote (meson-logs/*.json).

    count_results.py LOG           the three numbers
    count_results.py --failed LOG  the programs that failed, and the end of what each printed

Where a test is a program of many cases (cmocka, pytest, cargo, Julia's Test), its cases are counted, so that one
skipped inside of a program that succeeds is seen. A program that fails counts as one failure at least.
"""
import json
import pathlib
import re
import sys
import typing

CMOCKA = {"passed": r"\[  PASSED  \] (\d+) test", "failed": r"\[  FAILED  \] (\d+) test",
          "skipped": r"\[  SKIPPED \] (\d+) test"}
PYTEST = {"passed": r"(\d+) passed", "failed": r"(\d+) (?:failed|error)", "skipped": r"(\d+) (?:skipped|xfailed)"}
PYTEST_SUMMARY = r"^(?:=+ )?(?:\d+ \w+, )*\d+ \w+ in [\d.]+s.*$"
CARGO = {"passed": r"test result: .*?(\d+) passed", "failed": r"test result: .*?(\d+) failed",
         "skipped": r"test result: .*?(\d+) ignored"}
# The line of a test set that is in no other, below a head that names the columns that there are.
JULIA_HEAD = r"^Test Summary: *\|(.*)\n(\S.*)\|(.*)$"
JULIA = {"Pass": "passed", "Fail": "failed", "Error": "failed", "Broken": "skipped"}
GOOD = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP", "IGNORED")
# Enough for the message of an assertion and what led to it.
LINES_OF_A_FAILURE = 40


def sums(patterns: dict[str, str], text: str) -> dict[str, int]:
    return {name: sum(int(number) for number in re.findall(pattern, text)) for name, pattern in patterns.items()}


def julia_sums(text: str) -> dict[str, int]:
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for head, _, numbers in re.findall(JULIA_HEAD, text, re.MULTILINE):
        for column, number in zip(head.split(), numbers.split()):
            if column in JULIA:
                counts[JULIA[column]] += int(number)
    return counts


def count_cases(text: str) -> dict[str, int]:
    """The cases of one program; all zero where it does not say."""
    counts = sums(CMOCKA, text)
    for found in (counts, sums(CARGO, text), julia_sums(text)):
        if any(found.values()):
            return found
    return sums(PYTEST, "\n".join(re.findall(PYTEST_SUMMARY, text, re.MULTILINE)))


def count(test: dict[str, typing.Any]) -> dict[str, int]:
    if test["result"] in SKIPPED:
        return {"passed": 0, "failed": 0, "skipped": 1}
    counts = count_cases(test.get("stdout", "") + "\n" + test.get("stderr", ""))
    if test["result"] in GOOD:
        if not counts["passed"] and not counts["skipped"]:
            counts["passed"] = 1
    else:
        counts["failed"] = max(counts["failed"], 1)
    return counts


def read_tests(log: pathlib.Path) -> list[dict[str, typing.Any]]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return [json.loads(line) for line in lines]


def print_failed(tests: list[dict[str, typing.Any]]) -> None:
    for test in tests:
        if test["result"] in SKIPPED + GOOD:
            continue
        output = (test.get("stdout", "") + "\n" + test.get("stderr", "")).strip().splitlines()
        print(f"--- {test['name']}: {test['result']} after {test.get('duration', 0):.1f} s")
        print("\n".join(output[-LINES_OF_A_FAILURE:]))


def print_counts(tests: list[dict[str, typing.Any]]) -> None:
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for test in tests:
        for name, number in count(test).items():
            total[name] += number
    # A run that left no results did not work.
    if not any(total.values()):
        total["failed"] = 1
    print(total["passed"], total["failed"], total["skipped"])


def main() -> None:
    tests = read_tests(pathlib.Path(sys.argv[-1]))
    if "--failed" in sys.argv[1:-1]:
        print_failed(tests)
    else:
        print_counts(tests)


if __name__ == "__main__":
    main()
