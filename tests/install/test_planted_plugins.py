# SPDX-License-Identifier: Apache-2.0
"""A plugin is opened where the installation or the user has put it, and nowhere that somebody else may write."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import unittest

from installation import Installation, run

PLUGIN = "unitensor_cuda.so"
# Users that every system has: root owns neither the program nor the process.
OWNER, OTHER = 2, 1


class PlantedPluginsTest(unittest.TestCase):
    """The program asks for memory of a device; a plant writes a file as soon as anything loads it."""

    installation: Installation
    folder: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = cls.installation.consumer("plants", "devices.c", "plant.c")
        run("cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "plant.c", "-o", "plant.so", cwd=cls.folder)
        # The library alone, in folders that the tests may plant in.
        cls.library = cls.folder / "lib"
        cls.library.mkdir()
        shutil.copy(cls.installation.folders["libdir"] / "libunitensor.so.0", cls.library)
        (cls.folder / "bin").mkdir()
        program = cls.installation.compile(cls.folder, "devices.c", f"-Wl,-rpath,{cls.library}")
        cls.program = shutil.move(program, cls.folder / "bin" / "devices")
        cls.marks = cls.folder / "marks"
        cls.marks.mkdir()
        cls.marks.chmod(0o777)

    def plant(self, *folders: pathlib.Path) -> None:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.folder / "plant.so", folder / PLUGIN)
            self.addCleanup((folder / PLUGIN).unlink)

    def is_loaded(self, cwd: pathlib.Path, env: dict[str, str], program: str = "", **options: object) -> tuple[bool, str]:
        """Whether a plant was loaded, and what the program said."""
        mark = self.marks / "mark"
        text = run(program or self.program, cwd=cwd, env={"PLANT_MARK": str(mark), **env}, **options)
        loaded = mark.exists()
        mark.unlink(missing_ok=True)
        return loaded, text

    def working_folder(self) -> pathlib.Path:
        folder = self.folder / "work"
        self.plant(folder, folder / "unitensor" / "0", folder / "lib" / "unitensor" / "0")
        return folder

    def test_a_plant_is_loaded_where_plugins_belong(self) -> None:
        """Else the other tests would show nothing."""
        work = self.working_folder()
        loaded, text = self.is_loaded(work, {"UNITENSOR_BACKEND_DIR": str(work)})
        self.assertTrue(loaded, text)
        self.assertIn("it has no uni_backend_init", text)
        self.plant(self.library / "unitensor" / "0")
        self.assertTrue(self.is_loaded(pathlib.Path("/"), {})[0])

    def test_not_from_the_working_folder(self) -> None:
        self.assertFalse(self.is_loaded(self.working_folder(), {})[0])

    def test_not_from_beside_the_program(self) -> None:
        bin_folder = self.folder / "bin"
        self.plant(bin_folder, bin_folder / "unitensor" / "0")
        for cwd in (pathlib.Path("/"), bin_folder):
            self.assertFalse(self.is_loaded(cwd, {})[0])

    def test_a_relative_folder_is_refused_and_said(self) -> None:
        work = self.working_folder()
        for name in (".", "./", "unitensor/0", "../work"):
            with self.subTest(folder=name):
                loaded, text = self.is_loaded(work, {"UNITENSOR_BACKEND_DIR": name})
                self.assertFalse(loaded)
                self.assertIn(f"UNITENSOR_BACKEND_DIR is relative and was ignored: {name};", text)

    def test_not_from_beside_a_library_that_was_found_by_a_relative_path(self) -> None:
        work = self.working_folder()
        program = self.installation.compile(self.folder, "devices.c")
        shutil.copy(self.library / "libunitensor.so.0", work)
        for path in (".", "", "../work"):
            with self.subTest(path=path):
                # An empty entry is the working folder too.
                loaded, text = self.is_loaded(work, {"LD_LIBRARY_PATH": f"{path}:/nonexistent"}, str(program))
                self.assertFalse(loaded, text)

    def test_a_set_uid_program_does_not_read_the_environment(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("only root can make a set-uid program of another user's")
        work = self.working_folder()
        env = {"UNITENSOR_BACKEND_DIR": str(work)}
        as_other = {"user": OTHER, "group": OTHER, "extra_groups": []}
        loaded, text = self.is_loaded(work, env, **as_other)
        self.assertTrue(loaded, "the same program without set-uid: " + text)
        program = shutil.copy(self.program, self.folder / "bin" / "privileged")
        os.chown(program, OWNER, OWNER)
        os.chmod(program, 0o4755)
        loaded, text = self.is_loaded(work, env, program, **as_other)
        if re.match("secure 0", text):
            self.skipTest("set-uid has no effect on this file system or in this process")
        self.assertFalse(loaded, text)
        self.assertNotIn(str(work), text)
