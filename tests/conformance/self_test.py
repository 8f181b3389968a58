# SPDX-License-Identifier: Apache-2.0
"""Shows that the runner fails where it has to: self_test.py RUNNER FILE...

Each case is given to it with one expectation changed, and so are files without cases, operations and members that it
does not know. Standard library alone.
"""
from __future__ import annotations

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any


def changed_value(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [changed_value(value[0]), *value[1:]] if value else [1]
    if isinstance(value, dict):
        for member in ("crc32", "hex", "values"):
            if value.get(member):
                return {**value, member: changed_value(value[member])}
        return {**value, "dtype": "int8" if value["dtype"] != "int8" else "int16"}
    if re.fullmatch(r"-?\d+", value):
        return str(int(value) ^ 1)
    if re.fullmatch(r"(?:[0-9a-f]{2})+", value):
        return value[:-2] + f"{int(value[-2:], 16) ^ 1:02x}"
    return value + "X"


def spoiled(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The case with each of its expectations changed in turn."""
    results = []
    for member, value in case["expect"].items():
        if member == "message" and not value:
            continue
        result = copy.deepcopy(case)
        # A number in a message may stand elsewhere in it with another digit.
        result["expect"][member] = [value[0] + "X", *value[1:]] if member == "message" else changed_value(value)
        result["name"] += f": another {member}"
        results.append(result)
    return results


def run(runner: str, folder: pathlib.Path, vectors: Any) -> tuple[int, str]:
    path = folder / "vectors.json"
    path.write_text(json.dumps(vectors), encoding="utf-8")
    result = subprocess.run([runner, "--threads", "1", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    return result.returncode, result.stdout


def main() -> int:
    runner, files = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    problems = []
    count = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = json.loads(files[0].read_text(encoding="utf-8"))["cases"][0]
        if run(runner, folder, {"format": 1, "cases": [good]})[0] != 0:
            problems.append("a good case fails")
        for word, vectors in (
                ("no cases", {"format": 1, "cases": []}), ("no list of cases", {"format": 1}), ("no object", []),
                ("another format", {"format": 2, "cases": [good]}),
                ("an unknown operation", {"format": 1, "cases": [{**good, "operation": "scramble"}]}),
                ("no operation", {"format": 1, "cases": [{k: v for k, v in good.items() if k != "operation"}]}),
                ("no expectation", {"format": 1, "cases": [{k: v for k, v in good.items() if k != "expect"}]}),
                ("an unknown member", {"format": 1, "cases": [{**good, "extra": 1}]}),
                ("a bad case after a good one", {"format": 1, "cases": [good, {**good, "operation": ""}]})):
            count += 1
            if run(runner, folder, vectors)[0] == 0:
                problems.append(f"succeeds with {word}")
        for file in files:
            cases = [bad for case in json.loads(file.read_text(encoding="utf-8"))["cases"] for bad in spoiled(case)]
            count += len(cases)
            status, output = run(runner, folder, {"format": 1, "cases": cases})
            passed = re.findall(r"\[       OK \] (.+)", output)
            failed = set(re.findall(r"\[  FAILED  \] (.+)", output))
            if status == 0 or passed or len(failed) < len({case["name"] for case in cases}):
                problems.append(f"{file.name}: {len(passed)} of {len(cases)} spoiled cases succeed: {passed[:5]}; "
                                f"{len(failed)} fail, status {status}")
        for arguments in ([], ["--threads", "1"], ["--threads", "-1", str(files[0])], [str(folder / "missing.json")],
                          ["--backend", "/nowhere/plugin.so", str(files[0])]):
            count += 1
            if subprocess.run([runner, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                problems.append(f"succeeds with the arguments {arguments}")
    print("\n".join(problems) or f"{count} faults found")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
