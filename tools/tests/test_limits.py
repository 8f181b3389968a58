# SPDX-License-Identifier: Apache-2.0
"""Limits, over machines that are folders."""

import os
import pathlib
import resource
import subprocess
import sys

TOOLS = pathlib.Path(os.environ["UNITENSOR_COMMAND"]).parent
sys.path.insert(0, str(TOOLS))
from unitensor_tools import limits  # noqa: E402


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def group(root, path, limit):
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(limit)


def test_the_tightest_group_limits(tmp_path):
    assert limits.cgroup_memory(tmp_path).bytes is None
    write(tmp_path, proc__self__cgroup="0::/user.slice/session-1.scope\n")
    assert limits.cgroup_memory(tmp_path).bytes is None
    group(tmp_path, "sys/fs/cgroup/user.slice/session-1.scope", "max\n")
    assert limits.cgroup_memory(tmp_path).bytes is None
    group(tmp_path, "sys/fs/cgroup/user.slice", "4096\n")
    assert limits.cgroup_memory(tmp_path).bytes == 4096
    group(tmp_path, "sys/fs/cgroup/user.slice/session-1.scope", "8192\n")
    assert limits.cgroup_memory(tmp_path).bytes == 4096
    group(tmp_path, "sys/fs/cgroup", "1024\n")
    assert limits.cgroup_memory(tmp_path).bytes == 1024


def test_groups_of_version_1(tmp_path):
    write(tmp_path, proc__self__cgroup="5:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/\n")
    folder = tmp_path / "sys/fs/cgroup/memory"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert limits.cgroup_memory(tmp_path).bytes is None
    (folder / "memory.limit_in_bytes").write_text("65536\n")  # what a container sees of its own group
    assert limits.cgroup_memory(tmp_path).bytes == 65536


def test_huge_pages(tmp_path):
    assert limits.huge_pages(tmp_path).bytes == 0
    folder = tmp_path / "sys/kernel/mm/hugepages"
    for size, free in (("2048", "3"), ("1048576", "2")):
        (folder / f"hugepages-{size}kB").mkdir(parents=True)
        (folder / f"hugepages-{size}kB" / "free_hugepages").write_text(free)
    assert limits.huge_pages(tmp_path).bytes == 3 * 2**21 + 2 * 2**30


def test_memlock_is_that_of_the_process():
    def lower():
        _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (32768, hard))

    program = f"import sys; sys.path.insert(0, {str(TOOLS)!r}); from unitensor_tools import limits; print(limits.memlock().bytes)"
    done = subprocess.run([sys.executable, "-c", program], preexec_fn=lower, capture_output=True, text=True, check=True)
    assert done.stdout == "32768\n"


def test_shared_memory(tmp_path):
    status = os.statvfs(tmp_path)
    assert 0 <= limits.shared_memory(str(tmp_path)).bytes <= status.f_frsize * status.f_blocks
    assert limits.shared_memory(str(tmp_path / "none")).bytes == 0
