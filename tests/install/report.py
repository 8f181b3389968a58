# SPDX-License-Identifier: Apache-2.0
"""Run test cases and count them."""
from __future__ import annotations

import sys
import time
import unittest
from typing import Sequence


def run_cases(cases: Sequence[type[unittest.TestCase]], names: Sequence[str]) -> int:
    """Runs those of the cases whose name has one of `names` in it, all where there is none. Returns the exit status."""
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in names] or None
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)
    begin = time.monotonic()
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    # A test with several faults counts each.
    passed = max(0, result.testsRun - failed - skipped)
    # As pytest says it, for scripts/count_results.py.
    print(f"{passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - begin:.1f}s")
    return 0 if result.wasSuccessful() and result.testsRun else 1
