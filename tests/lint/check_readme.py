# SPDX-License-Identifier: Apache-2.0
"""Run the examples of the README as they stand there: each block of code in one language is a whole program."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_c(code: str, compiler: list[str], library: pathlib.Path, folder: pathlib.Path) -> str:
    source = folder / "example.c"
    source.write_text(code, encoding="utf-8")
    subprocess.run([*compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(folder / "example"),
                    str(library), f"-Wl,-rpath,{library.parent}"], check=True)
    return subprocess.run([folder / "example"], check=True, stdout=subprocess.PIPE, text=True).stdout


def run_python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=["c", "python"])
    parser.add_argument("readme", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--compiler", nargs=argparse.REMAINDER, default=["cc"], help="with its arguments; comes last")
    options = parser.parse_args()
    text = options.readme.read_text(encoding="utf-8")
    found = blocks(text, options.language)
    assert found, f"{options.readme} has no example in {options.language}"
    for code in found:
        with tempfile.TemporaryDirectory() as folder:
            output = (run_python(code) if options.language == "python" else
                      run_c(code, options.compiler, options.library.resolve(), pathlib.Path(folder)))
        print(output, end="")
        # The README shows what an example prints in a block after it.
        if output not in blocks(text, "text"):
            print(f"the README does not say that this prints\n{output}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
