# SPDX-License-Identifier: Apache-2.0
"""Run a program and compare what it prints with a file: check_output.py EXPECTED PROGRAM [ARGUMENT...]. One file
is for an example in every language."""
import pathlib
import subprocess
import sys


def main() -> int:
    expected, *command = sys.argv[1:]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(output, end="")
    if output == pathlib.Path(expected).read_text(encoding="utf-8"):
        return 0
    print(f"this is not what {expected} has")
    return 1


if __name__ == "__main__":
    sys.exit(main())
