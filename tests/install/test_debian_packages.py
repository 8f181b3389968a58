#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install built Debian packages on this machine, run debian/tests, and remove them again, of which nothing may stay.

    test_debian_packages.py DIR [TEST...]

DIR has the .deb files; what they depend on has to be installed. Must be run by root."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from installation import SOURCE, run  # noqa: E402
from report import run_cases  # noqa: E402

# The system's own tools and Python, whatever is on PATH.
SYSTEM = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
PACKAGES = ("libunitensor0", "libunitensor-dev", "python3-unitensor", "unitensor-tools")


def package_files(folder: pathlib.Path) -> list[pathlib.Path]:
    found = [path for path in sorted(folder.glob("*.deb")) if "-dbgsym_" not in path.name]
    names = sorted(path.name.split("_")[0] for path in found)
    if names != sorted(PACKAGES):
        raise SystemExit(f"{folder} has packages {names}, expected {sorted(PACKAGES)}")
    return found


def contents(package: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """(mode, path) of what is in a .deb file."""
    lines = (line.split(maxsplit=5) for line in run("dpkg-deb", "--contents", package, env=SYSTEM).splitlines())
    return [(line[0], pathlib.Path("/") / line[5].split(" -> ")[0]) for line in lines]


def is_installed(package: str) -> bool:
    return subprocess.run(["dpkg-query", "-W", package], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class ContentsTest(unittest.TestCase):
    files: list[pathlib.Path]

    def of(self, package: str) -> set[str]:
        path, = (path for path in self.files if path.name.startswith(package + "_"))
        return {str(path) for mode, path in contents(path) if not mode.startswith("d")}

    def test_a_program_needs_the_library_package_alone(self) -> None:
        found = {path for path in self.of("libunitensor0") if not path.startswith("/usr/share/doc/")}
        self.assertEqual({pathlib.Path(path).name for path in found}, {"libunitensor.so.0"})

    def test_files_of_the_others(self) -> None:
        for package, ends in {
                "libunitensor-dev": ["/unitensor.h", "/libunitensor.so", "/unitensor.pc", "/unitensor-config.cmake"],
                "python3-unitensor": ["/dist-packages/unitensor/__init__.py", "/dist-packages/unitensor/_unitensor.abi3.so"],
                "unitensor-tools": ["/usr/bin/unitensor", "/man1/unitensor.1.gz", "/unitensor_tools/cli.py"]}.items():
            found = self.of(package)
            for end in ends:
                self.assertTrue(any(path.endswith(end) for path in found), f"{package} has no {end}: {sorted(found)}")


class UseTest(unittest.TestCase):
    files: list[pathlib.Path]

    @classmethod
    def setUpClass(cls) -> None:
        run("dpkg", "--install", *cls.files, env=SYSTEM)

    def run_script(self, name: str) -> str:
        """One of debian/tests, as autopkgtest runs it."""
        with tempfile.TemporaryDirectory() as folder:
            return run(SOURCE / "debian" / "tests" / name, cwd=SOURCE, env={**SYSTEM, "AUTOPKGTEST_TMP": folder})

    def test_every_script_is_declared(self) -> None:
        control = (SOURCE / "debian" / "tests" / "control").read_text(encoding="utf-8")
        declared = {line.split()[1] for line in control.splitlines() if line.startswith("Tests:")}
        self.assertEqual(declared, {path.name for path in (SOURCE / "debian" / "tests").iterdir()} - {"control"})

    def test_consumers(self) -> None:
        self.assertEqual(self.run_script("build-consumers").count(": 6 nodes, sum 15\n"), 5)

    def test_package(self) -> None:
        self.assertIn(": 6 nodes, sum 15\n", self.run_script("import-package"))

    def test_command(self) -> None:
        self.assertIn("unified memory: ", self.run_script("run-command"))


class RemovalTest(unittest.TestCase):
    files: list[pathlib.Path]

    def test_nothing_stays(self) -> None:
        installed = [path for package in self.files for mode, path in contents(package)]
        # Folders that others share are not ours to remove.
        ours = [path for path in installed if path.is_file() or path.is_symlink()]
        ours += [path for path in installed if path.is_dir() and "unitensor" in str(path)]
        self.assertTrue(ours)
        run("dpkg", "--purge", *PACKAGES, env=SYSTEM)
        self.assertEqual([path for path in ours if path.exists() or path.is_symlink()], [])
        self.assertEqual([package for package in PACKAGES if is_installed(package)], [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="the folder with the packages")
    parser.add_argument("tests", nargs="*", help="names of tests, or parts of them; all where none is given")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: only root installs packages")
        return 77
    for package in PACKAGES:
        if is_installed(package):
            print(f"{package} is installed here already, and would be removed", file=sys.stderr)
            return 1
    cases = (ContentsTest, UseTest, RemovalTest)
    for case in cases:
        case.files = package_files(options.folder.resolve())
    try:
        return run_cases(cases, options.tests)
    finally:
        left = [package for package in PACKAGES if is_installed(package)]
        if left:
            run("dpkg", "--purge", *left, env=SYSTEM)


if __name__ == "__main__":
    sys.exit(main())
