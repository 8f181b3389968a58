# SPDX-License-Identifier: Apache-2.0
"""Which files are installed, that they may lie anywhere, and that nothing stays when they are uninstalled."""
from __future__ import annotations

import json
import sys
import unittest

from installation import HERE, Installation, package_folder, run


def expected_files() -> dict[str, set[str]]:
    """The lines of files.txt by section."""
    sections: dict[str, set[str]] = {}
    for line in (HERE / "files.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), set())
        elif line and not line.startswith("#"):
            section.add(line)
    return sections


class FilesTest(unittest.TestCase):
    installation: Installation

    def test_the_files_are_those_of_the_list(self) -> None:
        parts = {"library": True, "python": self.installation.has_python, "cuda": self.installation.has_cuda,
                 "docs": self.installation.has_docs}
        sections = expected_files()
        self.assertEqual(sections.keys(), parts.keys())
        expected = set().union(*(sections[part] for part, there in parts.items() if there))
        folders = tuple(name for name in expected if name.endswith("/"))
        found = self.installation.files()
        for folder in folders:
            self.assertTrue(any(name.startswith(folder) for name in found), f"{folder} is empty")
        found = {name for name in found if not name.startswith(folders)}
        self.assertEqual(sorted(found), sorted(name for name in expected if name not in folders))

    def test_no_file_names_the_build_folder(self) -> None:
        build = str(self.installation.build).encode()
        for path in self.installation.root.rglob("*"):
            # Debugging information names the folder that it was compiled in.
            if path.is_file() and not path.name.startswith(("libunitensor.so", "_unitensor.", "unitensor_cuda.")):
                self.assertNotIn(build, path.read_bytes(), path)

    def test_no_library_has_the_build_folder_in_its_search_path(self) -> None:
        for path in self.installation.root.rglob("*.so*"):
            for line in run("readelf", "--dynamic", "--wide", path).splitlines():
                if "(RPATH)" in line or "(RUNPATH)" in line:
                    self.assertIn("[$ORIGIN/", line, path)

    def test_uninstalling_leaves_nothing(self) -> None:
        other = Installation(self.installation.build)
        try:
            self.assertEqual(other.files(), self.installation.files())
            other.uninstall()
            self.assertEqual(sorted(other.root.rglob("*")), [])
        finally:
            other.remove()

    def test_the_command_works_where_it_was_installed_and_moved_to(self) -> None:
        if not self.installation.has_python:
            self.skipTest("the build has no Python package")
        package_folder("numpy")
        moved = Installation(self.installation.build)
        try:
            for destination in (moved.prefix, moved.temporary / "elsewhere" / "prefix"):
                if destination != moved.prefix:
                    moved.move(destination)
                command = moved.folders["bindir"] / "unitensor"
                info = json.loads(run(sys.executable, command, "info", "--json", "-", cwd="/"))
                self.assertTrue(info["memory"]["host"]["supported"])
                self.assertIn(info["version"], run(sys.executable, command, "--version", cwd="/"))
        finally:
            moved.remove()
