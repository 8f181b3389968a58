# SPDX-License-Identifier: Apache-2.0
"""That no commit has broken the binary interface in silence: history.py ROOT

A commit that changes tests/abi/abi.txt or tests/abi/unitensor.abi has to change CHANGELOG.md as well; and where a line of
abi.txt went away (a constant, a member, a function; a struct that begins with struct_size may grow) also UNI_ABI_MAJOR.
Looked at are the commits since the baseline unitensor.abi exists, and what is not committed yet. self-test instead of
ROOT: that such commits are found, in a repository made for it. 77: there is no git, or no history.
"""
from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile

SKIP = 77
TABLE, BASELINE, CHANGES, VERSION = "tests/abi/abi.txt", "tests/abi/unitensor.abi", "CHANGELOG.md", "include/unitensor/version.h"


def git(root: pathlib.Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True).stdout


def split(table: str) -> tuple[str, str]:
    """The table of what programs call, and that of backend.h, which plugins are compiled against and has a number of its own."""
    parts = re.split(r"^(?=# )", table, flags=re.MULTILINE)
    of_plugins = [part for part in parts if part.startswith("# backend.h\n")]
    return "".join(part for part in parts if part not in of_plugins), "".join(of_plugins)


def entries_of(table: str) -> dict[str, set[str]]:
    """The lines of a table by what they belong to: a struct, or nothing. Heads of files and version numbers are left out."""
    entries: dict[str, set[str]] = {"": set()}
    struct = ""
    for line in table.splitlines():
        match = re.match(r"struct (\w+) size", line)
        if match:
            struct = match[1]
        elif not line.startswith("  "):
            struct = ""
        if not line.startswith(("# ", "UNI_ABI_MAJOR", "constant UNI_BACKEND_ABI_VERSION ")):
            entries.setdefault(struct, set()).add(line)
    return entries


def may_grow(struct: str, line: str, after: set[str]) -> bool:
    """Whether a line tells the size of a struct that got members at its end. Such structs are read by memcpy: it does not
    matter where the callers of before have put theirs."""
    size = re.compile(rf"struct {struct} size (\d+) alignment (\d+)")
    old, new = size.fullmatch(line), next(filter(None, map(size.fullmatch, after)), None)
    return bool(struct and old and new and any(member.startswith("  struct_size at 0,") for member in after)
                and int(new[1]) > int(old[1]) and int(new[2]) >= int(old[2]))


def problems_of(root: pathlib.Path, name: str, before: str, after: list[str]) -> list[str]:
    """What is wrong with a change: from `before` to a commit, or to the working tree where `after` is empty."""
    changed = git(root, "diff", "--name-only", before, *after).split()
    if TABLE not in changed and BASELINE not in changed:
        return []
    problems = [] if CHANGES in changed else [f"{name} changes the binary interface and not {CHANGES}"]
    old = split(git(root, "show", f"{before}:{TABLE}"))
    new = split(git(root, "show", f"{after[0]}:{TABLE}") if after else (root / TABLE).read_text(encoding="utf-8"))
    difference = git(root, "diff", before, *after, "--", VERSION, TABLE)
    for whose, number, part in (("programs", "UNI_ABI_MAJOR", 0), ("plugins", "UNI_BACKEND_ABI_VERSION", 1)):
        gone = gone_from(entries_of(old[part]), entries_of(new[part]))
        if gone and not re.search(rf"^\+(?:#define|constant) {number} ", difference, re.MULTILINE):
            problems.append(f"{name} breaks {whose} without another {number}: " + "; ".join(gone))
    return problems


def gone_from(old: dict[str, set[str]], new: dict[str, set[str]]) -> list[str]:
    return [line.strip() for struct, lines in old.items() for line in sorted(lines - new.get(struct, set()))
            if not may_grow(struct, line, new.get(struct, set()))]


def check(root: pathlib.Path) -> int:
    try:
        first = git(root, "log", "--diff-filter=A", "--format=%H", "--", BASELINE).split()
        commits = git(root, "log", "--no-merges", "--format=%H", f"{first[-1]}..HEAD", "--", TABLE, BASELINE).split()
        problems = problems_of(root, "what is not committed", "HEAD", [])
        for commit in commits:
            problems += problems_of(root, f"commit {commit[:12]}", f"{commit}^", [commit])
    except (OSError, subprocess.CalledProcessError, IndexError):
        print("skipped: no git, or no history of the baseline")
        return SKIP
    print("\n".join(problems) or f"{len(commits)} commits have changed the binary interface, each as docs/abi.md asks")
    return 1 if problems else 0


def self_test() -> int:
    table = ("struct uni_x size 8 alignment 4\n  struct_size at 0, 4 bytes: uint32_t struct_size\n"
             "  a at 4, 4 bytes: int32_t a\nconstant UNI_A = 1\nfunction void uni_f(void)\nUNI_ABI_MAJOR 0\n")
    larger = table.replace("size 8", "size 16").replace("int32_t a\n", "int32_t a\n  b at 8, 8 bytes: int64_t b\n")
    rows = [  # what the table becomes, whether the changelog and the major number change, how many problems there are
        (table + "function void uni_g(void)\n", True, False, 0),
        (table + "function void uni_g(void)\n", False, False, 1),
        (table.replace("UNI_A = 1", "UNI_A = 2"), True, False, 1),
        (table.replace("UNI_A = 1", "UNI_A = 2"), True, True, 0),
        (table.replace("function void uni_f(void)\n", ""), True, False, 1),
        (table.replace("function void uni_f(void)\n", ""), False, False, 2),
        (larger, True, False, 0),
        (larger.replace("alignment 4", "alignment 8"), True, False, 0),
        (table + "# backend.h\nconstant UNI_BACKEND_ABI_VERSION = 1\n", True, False, 0),
        (larger.replace("  a at 4", "  a at 12"), True, False, 1),
        (table.replace("size 8", "size 4"), True, False, 1),
        # A member that goes from one struct to another is gone from the first.
        (table.replace("  a at 4, 4 bytes: int32_t a\n", "") + "struct uni_y size 8 alignment 4\n"
         "  a at 4, 4 bytes: int32_t a\n", True, False, 1),
    ]
    plugins = "# backend.h\nconstant UNI_BACKEND_ABI_VERSION = 1\nstruct uni_rows size 8 alignment 8\n"
    grown = plugins.replace("size 8", "size 16")
    rows = [(table, *row) for row in rows] + [
        (table + plugins, table + grown, True, False, 1),
        (table + plugins, table + grown, True, True, 1),
        (table + plugins, table + grown.replace("VERSION = 1", "VERSION = 2"), True, False, 0),
    ]
    missed = []
    for first_table, text, with_changes, with_major, expected in rows:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path, content in ((TABLE, first_table), (BASELINE, "x"), (CHANGES, ""), (VERSION, "#define UNI_ABI_MAJOR 0\n")):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content, encoding="utf-8")
            identity = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
            git(root, "init", "-q")
            git(root, "add", ".")
            git(root, *identity, "commit", "-q", "-m", "first")
            (root / TABLE).write_text(text, encoding="utf-8")
            if with_changes:
                (root / CHANGES).write_text("- Something.\n", encoding="utf-8")
            if with_major:
                (root / VERSION).write_text("#define UNI_ABI_MAJOR 1\n", encoding="utf-8")
            found = problems_of(root, "the working tree", "HEAD", [])
            git(root, *identity, "commit", "-q", "-a", "-m", "second")
            committed = problems_of(root, "the commit", "HEAD^", ["HEAD"])
            if not len(found) == len(committed) == expected:
                missed.append(f"{text}: expected {expected} problems, found {found}, {committed}")
    print("\n".join(missed) or f"{len(rows)} changes judged")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1] == "self-test" else check(pathlib.Path(sys.argv[1])))
