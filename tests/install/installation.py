# SPDX-License-Identifier: Apache-2.0
"""An installation of a build folder in a temporary folder, and programs that are built against it outside of the tree."""
from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
from typing import Any, Optional

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
CONSUMERS = HERE / "consumers"
# Names of installed folders in files.txt, the longest path first, so that a file is named by its nearest one.
FOLDERS = ("bindir", "includedir", "libdir", "mandir", "datadir")


def run(*command: object, env: Optional[dict[str, str]] = None, **options: Any) -> str:
    """What the command prints. One that fails is an error that says what it printed."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("DESTDIR", "PYTHONPATH", "LD_LIBRARY_PATH") and not name.startswith("UNITENSOR_")}
    environment.update({"PYTHONDONTWRITEBYTECODE": "1", **(env or {})})
    done = subprocess.run([str(word) for word in command], env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def package_folder(name: str) -> pathlib.Path:
    """Where this Python has a package. Without it the test is skipped."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise unittest.SkipTest(f"there is no {name}")
    return pathlib.Path(found.origin).parent.parent


class Installation:
    """`meson install` of a build into a folder of its own. Where the build says /usr/local, the files are in
    TEMPORARY/root/usr/local, as if that folder were the machine's root or had been moved there."""

    def __init__(self, build: pathlib.Path) -> None:
        self.build = build.resolve()
        info = self.build / "meson-info"
        options = {option["name"]: option["value"]
                   for option in json.loads((info / "intro-buildoptions.json").read_text(encoding="utf-8"))}
        targets = json.loads((info / "intro-targets.json").read_text(encoding="utf-8"))
        self.targets = {target["name"] for target in targets}
        self.has_python = "_unitensor" in self.targets
        self.has_cuda = "unitensor_cuda" in self.targets
        self.has_docs = "api-reference" in self.targets
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="unitensor-install-"))
        # Other users run set-uid programs in it.
        self.temporary.chmod(0o755)
        self.root = self.temporary / "root"
        self._configured_prefix = pathlib.Path(options["prefix"])
        self.prefix = self.root / self._configured_prefix.relative_to("/")
        self.folders = {name: self.prefix / options[name] for name in FOLDERS}
        if self.has_python:
            installed = json.loads((info / "intro-installed.json").read_text(encoding="utf-8"))
            module = next(path for path in installed.values() if path.endswith("/_unitensor.abi3.so"))
            self.folders["python"] = self.root / pathlib.Path(module).parent.parent.relative_to("/")
        self.install()

    def install(self) -> None:
        # The log is what `ninja uninstall` reads: that of the developer's own installation comes back afterwards.
        log = self.build / "meson-logs" / "install-log.txt"
        kept = log.read_bytes() if log.exists() else None
        try:
            run(*self.meson, "install", "-C", self.build, "--no-rebuild", "--quiet", "--destdir", self.root)
            self._log = log.read_bytes()
        finally:
            self._put_log(kept)

    def uninstall(self) -> None:
        log = self.build / "meson-logs" / "install-log.txt"
        kept = log.read_bytes() if log.exists() else None
        try:
            log.write_bytes(self._log)
            run(*self.meson, "--internal", "uninstall", cwd=self.build)
        finally:
            self._put_log(kept)

    def _put_log(self, content: Optional[bytes]) -> None:
        log = self.build / "meson-logs" / "install-log.txt"
        if content is not None:
            log.write_bytes(content)
        else:
            log.unlink(missing_ok=True)

    @property
    def meson(self) -> list[str]:
        """The Meson that configured the build: another version would refuse it."""
        rule = re.search(r"^ COMMAND = (.*) --internal uninstall$", (self.build / "build.ninja").read_text(), re.MULTILINE)
        return rule.group(1).split() if rule else ["meson"]

    def files(self) -> set[str]:
        """What is there, each file by the folder that it is in: "@libdir@/libunitensor.so"."""
        found = set()
        by_length = sorted(self.folders.items(), key=lambda folder: -len(folder[1].parts))
        for path in self.root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                continue
            name = next((f"@{name}@/{path.relative_to(folder)}" for name, folder in by_length
                         if folder in path.parents), str(path.relative_to(self.root)))
            found.add(name)
        return found

    def pkg_config(self) -> dict[str, str]:
        """The environment in which pkg-config finds this installation."""
        return {"PKG_CONFIG_PATH": str(self.folders["libdir"] / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(self.root)}

    def configure_pkg_config(self) -> None:
        """Has the .pc file say where the files are, as if the build had been configured with that prefix."""
        file = self.folders["libdir"] / "pkgconfig" / "unitensor.pc"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^prefix=.*$", f"prefix={self.prefix}", text, flags=re.MULTILINE), encoding="utf-8")

    def library_path(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.folders["libdir"])}

    def consumer(self, name: str, *files: str) -> pathlib.Path:
        """A new folder outside of the tree with copies of some consumers."""
        folder = self.temporary / name
        folder.mkdir()
        for file in files:
            shutil.copy(CONSUMERS / file, folder)
        return folder

    def compile(self, folder: pathlib.Path, source: str, *flags: str) -> pathlib.Path:
        """A program from one file, by the flags of pkg-config."""
        program = folder / source.replace(".", "_")
        compiler = ["c++", "-std=c++17"] if source.endswith(".cpp") else ["cc", "-std=gnu11"]
        found = run("pkg-config", "--cflags", "--libs", "unitensor", env=self.pkg_config()).split()
        run(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", program, *found, *flags, cwd=folder)
        return program

    def move(self, destination: pathlib.Path) -> None:
        """Moves everything under the prefix to another folder."""
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.rename(self.prefix, destination)
        for name, folder in self.folders.items():
            self.folders[name] = destination / folder.relative_to(self.prefix)
        self.prefix = destination

    def remove(self) -> None:
        shutil.rmtree(self.temporary)
