#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install a build into a temporary folder, and use it from outside of the source tree.

    test_install.py BUILD_DIR [TEST...]

Needs the standard library only. The build has to be up to date, and is not written to."""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

from installation import Installation  # noqa: E402
from report import run_cases  # noqa: E402
from test_consumers import ConsumersTest  # noqa: E402
from test_files import FilesTest  # noqa: E402
from test_lists import ListsTest  # noqa: E402
from test_planted_plugins import PlantedPluginsTest  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="a build folder of Meson's")
    parser.add_argument("tests", nargs="*", help="names of tests, or parts of them; all where none is given")
    options = parser.parse_args()

    cases = (ListsTest, FilesTest, ConsumersTest, PlantedPluginsTest)
    installation = Installation(options.build)
    try:
        for case in cases[1:]:
            case.installation = installation
        return run_cases(cases, options.tests)
    finally:
        installation.remove()


if __name__ == "__main__":
    sys.exit(main())
