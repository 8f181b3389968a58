# SPDX-License-Identifier: Apache-2.0
"""That run_gpu_tests.py tells what passed from what failed, hung, could not start or has no GPU, over builds whose programs
are scripts."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import run_gpu_tests

SCRIPT = Path(run_gpu_tests.__file__)
# The conformance cases in three kinds of memory, and each program.
NUM_RUNS = len(run_gpu_tests.MEMORIES) + len(run_gpu_tests.PROGRAMS)
THERE = "echo backend of CUDA devices; "
PASSES = "echo '[       OK ] a_case'"


class RunGpuTests(unittest.TestCase):
    def run_over(self, conformance: str = THERE + PASSES, plugin: bool = True, results: str = PASSES,
                 soak: str = PASSES, **environment: str) -> tuple[int, str, dict[str, object]]:
        with tempfile.TemporaryDirectory() as name:
            build = Path(name)
            (build / "cuda").mkdir()
            if plugin:
                (build / "cuda" / "unitensor_cuda.so").touch()
            programs = {"tests/conformance/conformance": conformance}
            programs |= {f"tests/gpu/test_gpu_{name}": PASSES for name in run_gpu_tests.PROGRAMS}
            programs |= {"tests/gpu/test_gpu_results": results, "tests/gpu/test_gpu_soak": soak}
            for path, body in programs.items():
                program = build / path
                program.parent.mkdir(parents=True, exist_ok=True)
                program.write_text(f"#!/bin/sh\n{body}\n")
                program.chmod(0o755)
            done = subprocess.run([sys.executable, "-B", str(SCRIPT), name, "--no-sanitizers", "--seconds", "4", "--soak",
                                   "0.5", "--json", str(build / "out.json")], capture_output=True, text=True, check=False,
                                  env={"PATH": "/nonexistent", **environment})
            return done.returncode, done.stdout.splitlines()[-1], json.loads((build / "out.json").read_text())

    def test_everything_passes(self) -> None:
        self.assertEqual(self.run_over()[:2], (0, f"{NUM_RUNS} passed, 0 failed, 0 skipped"))

    def test_the_soak_is_told_how_long(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            told = Path(name) / "told"
            self.run_over(soak=f"echo $2 $3 > {told}; {PASSES}")
            self.assertEqual(told.read_text(), f"{run_gpu_tests.MOST_MEGABYTES} 0.5\n")

    def test_no_gpu_is_skipped(self) -> None:
        said = "echo UNI_STATUS_BACKEND_UNAVAILABLE: there is no NVIDIA driver >&2; exit 2"
        status, last, report = self.run_over(said)
        self.assertEqual((status, last), (77, "0 passed, 0 failed, 1 skipped"))
        self.assertIn("there is no NVIDIA driver", json.dumps(report))
        self.assertEqual(self.run_over(said, UNITENSOR_TESTS_FAIL_ON_SKIP="1")[0], 1)

    def test_what_is_wrong_is_no_missing_gpu(self) -> None:
        for said in ("echo undefined symbol >&2; exit 127", "exit 3", "kill -11 $$", "sleep 0",
                     "echo 'UNI_STATUS_BACKEND_UNAVAILABLE: [dlopen] libstdc++.so.6: not found' >&2; exit 2",
                     "echo 'UNI_STATUS_BACKEND_ERROR: cudaFree failed' >&2; exit 2"):
            self.assertEqual(self.run_over(said)[:2], (1, "0 passed, 1 failed, 0 skipped"), said)

    def test_a_case_fails(self) -> None:
        self.assertEqual(self.run_over(results=PASSES + "; echo '[  FAILED  ] another'; exit 1")[:2],
                         (1, f"{NUM_RUNS} passed, 1 failed, 0 skipped"))
        self.assertEqual(self.run_over(results="exit 1")[:2], (1, f"{NUM_RUNS - 1} passed, 1 failed, 0 skipped"))
        self.assertEqual(self.run_over(results="exit 0")[:2], (1, f"{NUM_RUNS - 1} passed, 1 failed, 0 skipped"))

    def test_a_program_that_hangs_has_failed_and_so_has_what_was_not_run(self) -> None:
        self.assertEqual(self.run_over(results="exec sleep 60", PATH=os.environ["PATH"])[:2],
                         (1, f"{len(run_gpu_tests.MEMORIES)} passed, {len(run_gpu_tests.PROGRAMS)} failed, 0 skipped"))

    def test_what_cannot_be_built_has_failed(self) -> None:
        status, last, report = self.run_over(plugin=False)
        self.assertEqual((status, last), (1, "0 passed, 1 failed, 0 skipped"))
        self.assertIn("unitensor_cuda.so is missing, and cannot be built", json.dumps(report))


if __name__ == "__main__":
    unittest.main()
