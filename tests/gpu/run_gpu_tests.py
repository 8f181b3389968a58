#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run on a GPU what the tests run on the emulated device: every conformance case with tensors in device, managed and pinned
memory; larger tensors against the CPU and against plain loops; every kind of memory; indices out of bounds, streams,
contexts, threads, fork and releases; CUDA graphs; much of that at random for a minute (--soak), after which nothing may be
missing; and parts of it under compute-sanitizer.

Builds in the folder where that has not been done, for the GPU that is there, and else takes what it finds: a build made on
another machine will do, and then nothing is needed but Python's standard library, the driver and, for the sanitizers,
compute-sanitizer. Without a GPU everything is skipped, and the exit status is 77: nothing has passed. What did not finish
in time, and what could not be started, has failed. UNITENSOR_TESTS_FAIL_ON_SKIP=1 makes a failure of whatever is skipped.

usage: run_gpu_tests.py BUILD [--gpu-arch LIST] [--json FILE] [--seconds N] [--soak SECONDS] [--no-sanitizers]
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
PROGRAMS = ("results", "behaviour", "memory", "gathers", "graphs", "graph_memory", "soak")
# And little memory.
UNDER_MEMCHECK = ("behaviour", "memory", "graphs", "graph_memory")
MOST_MEGABYTES = "6144"


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
        """As tests/gpu/gpu_support.h says; the first argument is the most memory to a test in MiB."""
        return [str(self.build / "tests" / "gpu" / f"test_gpu_{name}"), str(self.plugin), *arguments]

    def run(self, name: str, command: list[str]) -> str:
        """Runs a program of cases; gives its output."""
        left = self.end - time.monotonic()
        if left <= 1:
            return self.fail(name, "not run: the time is up")
        start = time.monotonic()
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.build / "src")}
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=left,
                                  env=environment, check=False)
            output, status = done.stdout + done.stderr, done.returncode
        except subprocess.TimeoutExpired:
            return self.fail(name, f"not finished in {left:.0f} s")
        except OSError as error:
            return self.fail(name, str(error))
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

    def fail(self, name: str, why: str) -> str:
        self.results.append({"name": name, "passed": 0, "failed": 1, "output": why})
        print(f"{name}: FAILED, {why}", flush=True)
        return ""

    def skip(self, name: str, why: str) -> str:
        if os.environ.get("UNITENSOR_TESTS_FAIL_ON_SKIP") == "1":
            return self.fail(name, f"skipped, {why}")
        self.results.append({"name": name, "passed": 0, "failed": 0, "skipped": why})
        print(f"{name}: skipped, {why}", flush=True)
        return ""


def gpu_arch() -> str:
    """The compute capability of the first GPU; "default" where nobody tells."""
    try:
        told = subprocess.run(["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"], capture_output=True,
                              text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return "default"
    return told[0] if told else "default"


def build(runner: Runner, arch: str) -> str:
    """Builds what is missing; gives what stood in the way, or ""."""
    needed = [runner.program, runner.plugin, *(Path(runner.program_of(name)[0]) for name in PROGRAMS)]
    if all(path.exists() for path in needed):
        return ""
    source = Path(__file__).resolve().parent.parent.parent
    commands = [["ninja", "-C", str(runner.build)]]
    if not (runner.build / "build.ninja").exists():
        commands.insert(0, ["meson", "setup", str(runner.build), str(source), "-Dcuda=enabled", "-Dtests=enabled",
                            "-Dpython=disabled", f"-Dgpu_arch={arch or gpu_arch()}"])
    for command in commands:
        try:
            done = subprocess.run(command, check=False)
        except OSError as error:
            return f"{next(path for path in needed if not path.exists())} is missing, and cannot be built: {error}"
        if done.returncode != 0:
            return f"{' '.join(command)} ended with {done.returncode}"
    missing = [str(path) for path in needed if not path.exists()]
    return f"{missing[0]} is missing: build with -Dcuda=enabled -Dtests=enabled" if missing else ""


def look_for_gpu(runner: Runner) -> tuple[bool, str]:
    """Whether there is one; if not, why, where the plugin itself says that there is none, or ("" otherwise) something is
    wrong, which is reported."""
    try:
        done = subprocess.run(runner.conformance("device", []) + [os.devnull], capture_output=True, text=True, check=False,
                              env={**os.environ, "LD_LIBRARY_PATH": str(runner.build / "src")}, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        runner.fail("looking for a GPU", str(error))
        return False, ""
    if "backend of CUDA devices" in done.stdout:
        return True, ""
    said = done.stderr.strip()
    if said.startswith("UNI_STATUS_BACKEND_UNAVAILABLE: ") and "[dlopen]" not in said:
        return False, said.partition(": ")[2]
    runner.fail("looking for a GPU", said or f"the runner ended with {done.returncode}")
    return False, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--gpu-arch", default="", metavar="LIST", help="as the option of the build; else that of the GPU")
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave the results there")
    parser.add_argument("--seconds", type=float, default=540, help="for all of it (540)")
    parser.add_argument("--soak", type=float, default=60, metavar="SECONDS", help="of them for the soak (60)")
    parser.add_argument("--no-sanitizers", action="store_true")
    arguments = parser.parse_args()
    runner = Runner(arguments.build.resolve(), arguments.seconds)
    if why := build(runner, arguments.gpu_arch):
        runner.fail("build", why)
    there, why = (False, "") if why else look_for_gpu(runner)
    if there:
        everything = sorted(runner.vectors.glob("*.json"))
        for memory in MEMORIES:
            runner.run(f"conformance, {memory} memory", runner.conformance(memory, everything))
        for name in PROGRAMS:
            runner.run(name, runner.program_of(name, *(MOST_MEGABYTES, f"{arguments.soak:g}") * (name == "soak")))
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
                for name in UNDER_MEMCHECK:
                    runner.run(f"{tool}, {name}", [sanitizer, "--tool", tool, "--error-exitcode", "9",
                                                   *runner.program_of(name, "64")])
    elif why:
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
