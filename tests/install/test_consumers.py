# SPDX-License-Identifier: Apache-2.0
"""Programs outside of the source tree, each built as its author would build it."""
from __future__ import annotations

import json
import pathlib
import re
import shutil
import sys
import unittest

from installation import CONSUMERS, SOURCE, Installation, package_folder, run

RESULT = re.compile(r"unitensor \d+\.\d+\.\d+: 6 nodes, sum 15\n")


def needed_libraries(program: pathlib.Path) -> set[str]:
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", program)))


class ConsumersTest(unittest.TestCase):
    installation: Installation

    def build_with_cmake(self, name: str, installation: Installation) -> pathlib.Path:
        if shutil.which("cmake") is None:
            self.skipTest("there is no cmake")
        folder = installation.consumer(name, "CMakeLists.txt", "batch.c", "batch.cpp")
        run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={installation.prefix}")
        run("cmake", "--build", folder / "build")
        return folder / "build"

    def test_c_by_pkg_config(self) -> None:
        folder = self.installation.consumer("c", "batch.c")
        program = self.installation.compile(folder, "batch.c")
        self.assertRegex(run(program, env=self.installation.library_path()), RESULT)
        self.assertEqual(needed_libraries(program) - {"libc.so.6"}, {"libunitensor.so.0"})

    def test_cpp_by_pkg_config(self) -> None:
        folder = self.installation.consumer("cpp", "batch.cpp")
        program = self.installation.compile(folder, "batch.cpp")
        self.assertRegex(run(program, env=self.installation.library_path()), RESULT)

    def test_cmake(self) -> None:
        build = self.build_with_cmake("cmake", self.installation)
        for program in ("batch_c", "batch_cpp"):
            self.assertRegex(run(build / program), RESULT)

    def test_cmake_refuses_another_version(self) -> None:
        folder = self.installation.consumer("cmake-version", "CMakeLists.txt", "batch.c", "batch.cpp")
        if shutil.which("cmake") is None:
            self.skipTest("there is no cmake")
        lists = folder / "CMakeLists.txt"
        text = lists.read_text(encoding="utf-8")
        for version, accepted in (("0.1.0...<0.3", True), ("0.0", False), ("0.2", False), ("0.1.99", False), ("1", False)):
            lists.write_text(text.replace("unitensor 0.1 ", f"unitensor {version} "), encoding="utf-8")
            with self.subTest(version=version):
                command = ("cmake", "-S", folder, "-B", folder / version, f"-DCMAKE_PREFIX_PATH={self.installation.prefix}")
                if accepted:
                    run(*command)
                else:
                    self.assertRaisesRegex(AssertionError, "version: 0.1.0", run, *command)

    def test_cmake_after_the_installation_has_moved(self) -> None:
        moved = Installation(self.installation.build)
        try:
            moved.move(moved.temporary / "elsewhere" / "prefix")
            build = self.build_with_cmake("cmake", moved)
            self.assertRegex(run(build / "batch_c"), RESULT)
            self.assertIn(str(moved.prefix), run("readelf", "--dynamic", build / "batch_c"))
        finally:
            moved.remove()

    def test_meson(self) -> None:
        folder = self.installation.consumer("meson", "meson.build", "batch.c", "batch.cpp")
        run(*self.installation.meson, "setup", folder / "build", folder, env=self.installation.pkg_config())
        run("ninja", "-C", folder / "build")
        for program in ("batch_c", "batch_cpp"):
            self.assertRegex(run(folder / "build" / program, env=self.installation.library_path()), RESULT)

    def test_meson_subproject(self) -> None:
        folder = self.installation.consumer("meson-subproject", "meson.build", "batch.c", "batch.cpp")
        (folder / "subprojects").mkdir()
        (folder / "subprojects" / "unitensor").symlink_to(SOURCE)
        run(*self.installation.meson, "setup", folder / "build", folder, "--wrap-mode=forcefallback")
        run("ninja", "-C", folder / "build")
        for program in ("batch_c", "batch_cpp"):
            self.assertRegex(run(folder / "build" / program), RESULT)
        # Nothing but the library and what it is made of.
        targets = json.loads((folder / "build" / "meson-info" / "intro-targets.json").read_text(encoding="utf-8"))
        built = {target["name"] for target in targets if target["build_by_default"]}
        self.assertLessEqual(built, {"batch_c", "batch_cpp", "unitensor", "unitensor_cpu", "unitensor_gather_avx2",
                                     "unitensor_convert_avx2", "unitensor_gather_avx512"})

    def test_rust(self) -> None:
        if shutil.which("cargo") is None:
            self.skipTest("there is no cargo")
        # The crates as from a registry: out of the tree, beside the one that uses them.
        folder = self.installation.consumer("rust")
        for part in ("bindings/rust", "examples/rust"):
            shutil.copytree(SOURCE / part, folder / "sources" / part, ignore=shutil.ignore_patterns("target"))
        (folder / "batch" / "src").mkdir(parents=True)
        shutil.copy(CONSUMERS / "batch.rs", folder / "batch" / "src" / "main.rs")
        (folder / "batch" / "Cargo.toml").write_text(
            '[package]\nname = "batch"\nversion = "1.0.0"\nedition = "2021"\n\n'
            '[dependencies]\nunitensor = { path = "../sources/bindings/rust/unitensor" }\n\n[workspace]\n', encoding="utf-8")
        self.assertRegex(run("cargo", "run", "--quiet", "--offline", cwd=folder / "batch",
                             env={**self.installation.pkg_config(), **self.installation.library_path(),
                                  "CARGO_HOME": str(folder / "home"), "CARGO_TARGET_DIR": str(folder / "target")}), RESULT)

    def test_julia(self) -> None:
        if shutil.which("julia") is None:
            self.skipTest("there is no julia")
        folder = self.installation.consumer("julia", "batch.jl")
        shutil.copytree(SOURCE / "bindings" / "julia" / "UniTensor", folder / "packages" / "UniTensor")
        environment = {"JULIA_LOAD_PATH": f":{folder / 'packages'}", "JULIA_DEPOT_PATH": str(folder / "depot")}
        library = self.installation.folders["libdir"] / "libunitensor.so.0"
        for place in (self.installation.library_path(), {"UNITENSOR_LIBRARY": str(library)}):
            self.assertRegex(run("julia", "--startup-file=no", "batch.jl", cwd=folder, env={**environment, **place}), RESULT)

    def test_python(self) -> None:
        if not self.installation.has_python:
            self.skipTest("the build has no Python package")
        folder = self.installation.consumer("python", "batch.py")
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        # As the system's Python finds what is installed for it: a folder that the interpreter itself looks in.
        packages = [self.installation.folders["python"], *(package_folder(name) for name in ("numpy", "cffi"))]
        site, = (folder / "venv").glob("lib/python3*/site-packages")
        (site / "installed.pth").write_text("".join(f"{path}\n" for path in packages), encoding="utf-8")
        self.assertRegex(run(folder / "venv" / "bin" / "python", "-E", "batch.py", cwd=folder), RESULT)
