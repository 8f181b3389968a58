# SPDX-License-Identifier: Apache-2.0
"""The annotations of the package hold, and a caller can rely on them."""
import os
import pathlib
import subprocess
import sys

import pytest

import unitensor as ut

pytest.importorskip("mypy")

PACKAGE = pathlib.Path(ut.__file__).parent


def check(*arguments, cache):
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), *arguments],
                          capture_output=True, text=True, timeout=200, env=environment, cwd=PACKAGE.parent)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_the_package_is_strictly_typed(cache):
    pytest.importorskip("torch")
    assert (PACKAGE / "py.typed").exists()
    result = check("-p", "unitensor", cache=cache)
    assert result.returncode == 0, result.stdout


def test_callers_are_checked(cache, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import unitensor as ut\n"
                       "shape: tuple[int, ...] = ut.empty(3).shape\n"
                       "hops: tuple[int, ...] = ut.Graph([0], []).sample_neighbors([], [1]).hop_nodes\n"
                       "wrong: str = ut.empty(3).nbytes\n")
    result = check(str(program), cache=cache)
    assert result.stdout.count("error:") == 1 and "program.py:4" in result.stdout, result.stdout
