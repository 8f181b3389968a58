#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run on a GPU what the tests run on the emulated device: every conformance case with tensors in device, managed and pinned
memory; larger tensors against the CPU; indices out of bounds, streams, contexts, threads, fork and releases; and parts of
it under compute-sanitizer.

Takes a finished build folder, and needs nothing but Python's standard library, the driver and, for the sanitizers,
compute-sanitizer: a build made on another machine will do. Without a GPU everything is skipped, and the exit status is 77:
nothing has passed.

usage: run_gpu_tests.py BUILD [--json FILE] [--seconds N] [--no-sanitizers]
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

MEMORIES = ("device", "managed", "pinned")
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
# Under a tool everything takes many times longer; these have a case of every kernel.
FEW_VECTORS = ("gather.json", "scatter.json", "graph.json", "sample.json")
PROGRAMS = ("results", "behaviour")


class Runner:
    def __init__(self, build: Path, seconds: float) -> None:
        self.build = build
        self.end = time.monotonic() + seconds
        self.results: list[dict[str, object]] = []
        self.program = build / "tests" / "conformance" / "conformance"
        self.plugin = build / "cuda" / "unitensor_cuda.so"
        self.vectors = Path(__file__).resolve().parent.parent / "conformance" / "vectors"

    def conformance(self, memory: str, vectors: list[Path]) -> list[str]:
        return [str(self.program), "--backend", str(self.plugin), "--memory", memory, *map(str, vectors)]

    def program_of(self, name: str, *arguments: str) -> list[str]:
        """As tests/gpu/gpu_support.h says; an argument is the most memory to a test in MiB."""
        return [str(self.build / "tests" / "gpu" / f"test_gpu_{name}"), str(self.plugin), *arguments]

    def run(self, name: str, command: list[str]) -> str:
        """Runs a program of cases; gives its output."""
        left = self.end - time.monotonic()
        if left <= 1:
            return self.skip(name, "the time is up")
        start = time.monotonic()
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.build / "src")}
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=left,
                                  env=environment, check=False)
            output, status = done.stdout + done.stderr, done.returncode
        except subprocess.TimeoutExpired:
            return self.skip(name, f"not finished in {left:.0f} s")
        passed, failed = len(re.findall(r"^\[       OK \]", output, re.M)), len(
            set(re.findall(r"^\[  FAILED  \] (\S+)", output, re.M)))
        result = {"name": name, "passed": passed, "failed": failed, "status": status,
                  "seconds": round(time.monotonic() - start, 1)}
        if status != 0 or passed == 0:
            result["failed"] = max(failed, 1)
            result["output"] = output[-4000:]
        self.results.append(result)
        print(f"{name}: {result['passed']} passed, {result['failed']} failed in {result['seconds']} s", flush=True)
        return output

    def skip(self, name: str, why: str) -> str:
        self.results.append({"name": name, "passed": 0, "failed": 0, "skipped": why})
        print(f"{name}: skipped, {why}", flush=True)
        return ""


def why_no_gpu(runner: Runner) -> str:
    """Words of the plugin's that say why there is no device; "" if there is one."""
    for path in (runner.program, runner.plugin, *(Path(runner.program_of(name)[0]) for name in PROGRAMS)):
        if not path.exists():
            return f"{path} is missing: build with -Dcuda=enabled -Dtests=enabled"
    done = subprocess.run(runner.conformance("device", []) + [os.devnull], capture_output=True, text=True, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": str(runner.build / "src")})
    return "" if "backend of CUDA devices" in done.stdout else done.stderr.strip() or "the plugin cannot be used"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave the results there")
    parser.add_argument("--seconds", type=float, default=540, help="for all of it (540)")
    parser.add_argument("--no-sanitizers", action="store_true")
    arguments = parser.parse_args()
    runner = Runner(arguments.build.resolve(), arguments.seconds)
    why = why_no_gpu(runner)
    if why == "":
        everything = sorted(runner.vectors.glob("*.json"))
        for memory in MEMORIES:
            runner.run(f"conformance, {memory} memory", runner.conformance(memory, everything))
        for name in PROGRAMS:
            runner.run(name, runner.program_of(name))
        sanitizer = shutil.which("compute-sanitizer")
        for tool in () if arguments.no_sanitizers else TOOLS:
            if sanitizer is None:
                runner.skip(tool, "there is no compute-sanitizer")
                continue
            few = [runner.vectors / name for name in FEW_VECTORS]
            runner.run(tool, [sanitizer, "--tool", tool, "--error-exitcode", "9", "--kill", "no",
                              *runner.conformance("device", few)])
            if tool == "memcheck":
                # What is done on purpose, and comes back as an error, is no finding: a forked child calls no CUDA.
                runner.run(f"{tool}, behaviour", [sanitizer, "--tool", tool, "--error-exitcode", "9",
                                                  *runner.program_of("behaviour", "64")])
    else:
        runner.skip("everything", why)
    passed, failed = (sum(int(str(result[key])) for result in runner.results) for key in ("passed", "failed"))
    skipped = sum("skipped" in result for result in runner.results)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"results": runner.results, "passed": passed, "failed": failed,
                                              "skipped": skipped}, indent=1) + "\n")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 77 if passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
