#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install a build into a temporary folder, and use it from outside of the source tree.

    test_install.py BUILD_DIR [TEST...]

Needs the standard library only. The build has to be up to date, and is not written to."""
import argparse
import pathlib
import sys
import time
import unittest

sys.dont_write_bytecode = True

from installation import Installation  # noqa: E402
from test_consumers import ConsumersTest  # noqa: E402
from test_files import FilesTest  # noqa: E402
from test_planted_plugins import PlantedPluginsTest  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="a build folder of Meson's")
    parser.add_argument("tests", nargs="*", help="names of tests, or parts of them; all where none is given")
    options = parser.parse_args()

    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in options.tests] or None
    cases = (FilesTest, ConsumersTest, PlantedPluginsTest)
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)
    begin = time.monotonic()
    installation = Installation(options.build)
    try:
        for case in cases:
            case.installation = installation
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    finally:
        installation.remove()
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    # A test with several faults counts each.
    passed = max(0, result.testsRun - failed - skipped)
    # As pytest says it, for scripts/count_results.py.
    print(f"{passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - begin:.1f}s")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
