#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Install what scripts/build_wheel has built into clean environments, and use it there.

    test_wheel.py DIST_DIR BUILD_DIR [TEST...]

BUILD_DIR is the build folder of the wheel. Besides the standard library it needs what the wheel is built with, and a
package index for NumPy and cffi."""
import argparse
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import zipfile

sys.dont_write_bytecode = True

from installation import CONSUMERS, SOURCE, Installation, run  # noqa: E402
from report import run_cases  # noqa: E402
from test_consumers import RESULT  # noqa: E402
from test_files import expected_files  # noqa: E402

# Where meson-python puts the libraries of a wheel, beside its packages.
LIBRARIES = ".unitensor.mesonpy.libs"


class Environment:
    """A virtual environment with a wheel in it and nothing else but what it needs."""

    def __init__(self, folder: pathlib.Path, wheel: pathlib.Path, python: str = sys.executable) -> None:
        run(python, "-m", "venv", folder)
        self.python = folder / "bin" / "python"
        run(self.python, "-m", "pip", "install", "--disable-pip-version-check", wheel)
        self.packages, = folder.glob("lib/python3*/site-packages")

    def use(self, case: unittest.TestCase, **env: str) -> None:
        """The package and the command, from a folder in which there is nothing of unitensor's."""
        folder = self.python.parent.parent
        shutil.copy(CONSUMERS / "batch.py", folder)
        case.assertRegex(run(self.python, "batch.py", cwd=folder, env=env), RESULT)
        info = json.loads(run(self.python.parent / "unitensor", "info", "--json", "-", cwd=folder, env=env))
        case.assertTrue(info["memory"]["host"]["supported"])


class WheelTest(unittest.TestCase):
    dist: pathlib.Path
    build: pathlib.Path
    temporary: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = pathlib.Path(tempfile.mkdtemp(prefix="unitensor-wheel-"))
        cls.addClassCleanup(shutil.rmtree, cls.temporary)
        cls.wheel, = cls.dist.glob("*.whl")
        cls.sdist, = cls.dist.glob("*.tar.gz")
        cls.environment = Environment(cls.temporary / "environment", cls.wheel)

    def test_there_is_one_wheel_for_every_python(self) -> None:
        self.assertRegex(self.wheel.name, r"^unitensor-\d+\.\d+\.\d+-cp39-abi3-manylinux_2_\d+_(?:x86_64|aarch64)\.whl$")

    def test_it_has_the_package_and_the_library_and_nothing_else(self) -> None:
        expected = {name.replace("@python@/", "") for name in expected_files()["python"] if name.startswith("@python@/")}
        self.assertEqual(sorted(contents(self.wheel)), sorted(expected | {f"{LIBRARIES}/libunitensor.so.0"}))

    def test_it_looks_for_the_library_in_itself_only(self) -> None:
        for path in self.environment.packages.glob("*unitensor*/*.so*"):
            for line in run("readelf", "--dynamic", "--wide", path).splitlines():
                if "(RPATH)" in line or "(RUNPATH)" in line:
                    self.assertIn(f"[$ORIGIN/../{LIBRARIES}]", line, path)

    def test_it_works_in_a_clean_environment(self) -> None:
        self.environment.use(self)

    def test_it_works_with_other_pythons(self) -> None:
        others = [python for minor in range(9, 20) if minor != sys.version_info.minor
                  if (python := shutil.which(f"python3.{minor}")) and works(python)]
        if not others:
            self.skipTest("there is one Python only")
        # The oldest and the newest.
        for python in {others[0], others[-1]}:
            with self.subTest(python=python):
                Environment(self.temporary / pathlib.Path(python).name, self.wheel, python).use(self)

    def test_a_cuda_plugin_is_found_beside_the_library(self) -> None:
        folder = self.environment.packages / LIBRARIES / "unitensor" / "0"
        folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, folder.parent)
        run("cc", "-shared", "-fPIC", CONSUMERS / "plant.c", "-o", folder / "unitensor_cuda.so")
        mark = self.temporary / "mark"
        info = run(self.environment.python.parent / "unitensor", "info", cwd=self.temporary, env={"PLANT_MARK": str(mark)})
        self.assertTrue(mark.exists(), info)

    def test_a_wheel_is_built_from_the_sdist(self) -> None:
        """With build isolation, as pip does for who has no wheel."""
        folder = self.temporary / "from-sdist"
        pip_wheel(folder, self.sdist, isolated=True)
        built, = folder.glob("*.whl")
        self.assertEqual(contents(built), contents(self.wheel))
        Environment(self.temporary / "sdist-environment", built).use(self)

    def test_a_wheel_is_built_against_an_installed_library(self) -> None:
        installation = Installation(self.build)
        self.addCleanup(installation.remove)
        libraries = installation.folders["libdir"]
        installation.configure_pkg_config()
        folder = self.temporary / "system"
        pip_wheel(folder, SOURCE, "-Csetup-args=-Dpython_library=system", PKG_CONFIG_PATH=str(libraries / "pkgconfig"))
        built, = folder.glob("*.whl")
        self.assertEqual(contents(built), contents(self.wheel) - {f"{LIBRARIES}/libunitensor.so.0"})
        environment = Environment(self.temporary / "system-environment", built)
        environment.use(self, LD_LIBRARY_PATH=str(libraries))
        # It was that library, and no other.
        (libraries / "libunitensor.so.0").unlink()
        self.assertRaisesRegex(AssertionError, "libunitensor.so.0: cannot open shared object file", environment.use, self)


def contents(wheel: pathlib.Path) -> set[str]:
    """The files that are installed, without those that describe the wheel."""
    with zipfile.ZipFile(wheel) as files:
        return {name for name in files.namelist() if ".dist-info/" not in name and not name.endswith("/")}


def works(python: str) -> bool:
    """A name on PATH may stand for an interpreter that is not installed."""
    try:
        return run(python, "-c", "import venv, ensurepip; print('yes')").endswith("yes\n")
    except AssertionError:
        return False


def pip_wheel(folder: pathlib.Path, source: pathlib.Path, *arguments: str, isolated: bool = False, **env: str) -> None:
    isolation = [] if isolated else ["--no-build-isolation"]
    run(sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-deps", *isolation, "-w", folder,
        *arguments, source, env=env)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=pathlib.Path, help="the folder with the wheel and the sdist")
    parser.add_argument("build", type=pathlib.Path, help="the build folder of the wheel")
    parser.add_argument("tests", nargs="*", help="names of tests, or parts of them; all where none is given")
    options = parser.parse_args()
    WheelTest.dist, WheelTest.build = options.dist.resolve(), options.build.resolve()
    return run_cases((WheelTest,), options.tests)


if __name__ == "__main__":
    sys.exit(main())
