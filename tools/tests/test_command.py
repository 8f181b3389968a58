# SPDX-License-Identifier: Apache-2.0
"""The command from outside: exit status, tables, JSON. Speeds are not looked at; `--check` does that on a quiet machine."""

import json
import os
import subprocess
import sys

import pytest

COMMAND = os.environ["UNITENSOR_COMMAND"]
HAS_LOOPS = os.path.exists(
    os.path.join(os.path.dirname(COMMAND), "..", "bench", "reference", "libunitensor_reference.so")
)
CUDA_BACKEND = os.environ.get("UNITENSOR_TEST_CUDA_BACKEND", "")
sys.path[:0] = [os.path.dirname(COMMAND), os.path.join(os.path.dirname(COMMAND), "..", "bindings", "python")]
DOCUMENT = {"benchmark", "date", "machine", "parameters", "results"}


def run(*arguments, status=0):
    done = subprocess.run([sys.executable, COMMAND, *arguments], capture_output=True, text=True, timeout=240)
    assert done.returncode == status, done.stderr
    return done


def test_version_and_help():
    assert run("--version").stdout.startswith("unitensor 0.")
    for arguments in (["--help"], ["bench", "--help"], ["bench", "gather", "--help"], ["bench", "sample", "--help"]):
        assert "usage: unitensor" in run(*arguments).stdout


def test_bad_arguments_say_what_is_wrong():
    assert "'x'" in run("bench", "gather", "--table-size", "x", status=2).stderr
    assert "multiples of 4" in run("bench", "gather", "--quick", "--row-bytes", "6", status=1).stderr
    assert "half of the free memory" in run("bench", "gather", "--table-size", "9999999G", status=1).stderr
    assert "from 1 to 64" in run("bench", "sample", "--quick", "--fanouts", "65", status=1).stderr
    assert "Traceback" not in run("bench", "gather", "--quick", "--reference", "/nonexistent", status=1).stderr


def test_info(tmp_path):
    text = run("info").stdout
    assert "unified" in text and "host memory" in text
    content = json.loads(run("info", "--json", "-").stdout)
    assert content["memory"]["host"]["supported"] is True
    assert content["memory"]["unified"]["is"] in ("host", "pinned", "managed")
    assert all(entry["reason"] for entry in content["memory"].values())
    assert content["backends"]["cpu"]["available"] is True
    assert content["backends"]["cuda"]["available"] == (content["devices"] != [])
    assert set(content["limits"]) == {"memlock", "shared_memory", "cgroup_memory", "huge_pages"}
    for limit in content["limits"].values():
        assert limit["meaning"] and (limit["bytes"] is None or limit["bytes"] >= 0)
    assert json.loads(run("info", "--json").stdout).keys() == content.keys()
    run("info", "--json", str(tmp_path / "info.json"))
    assert json.loads((tmp_path / "info.json").read_text()).keys() == content.keys()


@pytest.mark.skipif(not CUDA_BACKEND, reason="there is no emulated device")
def test_info_of_a_device(tmp_path, monkeypatch):
    (tmp_path / "unitensor_cuda.so").symlink_to(CUDA_BACKEND)
    monkeypatch.setenv("UNITENSOR_BACKEND_DIR", str(tmp_path))
    text = run("info").stdout
    assert "device 0: emulated device at 0000:17:00.0, compute capability 9.0, 4 multiprocessors, 1 GiB" in text
    assert "needs a driver of CUDA 13.0 (R580) or newer; the driver here is of CUDA 13.0" in text
    assert "unified memory: is managed memory here" in text
    content = json.loads(run("info", "--json", "-").stdout)
    assert content["backends"]["cuda"]["path"] == str(tmp_path / "unitensor_cuda.so")
    assert [device["name"] for device in content["devices"]] == ["emulated device"]


def test_info_says_why_there_is_no_device(tmp_path, monkeypatch):
    (tmp_path / "unitensor_cuda.so").write_text("not a plugin")
    monkeypatch.setenv("UNITENSOR_BACKEND_DIR", str(tmp_path))
    text = run("info").stdout
    assert "backend for cuda: " in text
    if "backend for cuda: available" not in text:
        assert text.count(f"{tmp_path}/unitensor_cuda.so") == 1
        assert "pinned memory: not available (no CUDA backend, as said above)" in text


def test_gather(tmp_path):
    file = tmp_path / "gather.json"
    done = run("bench", "gather", "--quick", "--row-bytes", "16,400", "--threads", "1,2", "--json", str(file))
    content = json.loads(file.read_text())
    assert content.keys() == DOCUMENT and content["benchmark"] == "gather"
    assert {"cpu", "processors", "caches", "transparent_huge_pages", "unitensor"} <= content["machine"].keys()
    assert [(r["row_bytes"], r["threads"]) for r in content["results"]] == [(16, 1), (400, 1), (16, 2), (400, 2)]
    for result in content["results"]:
        assert len(result["seconds"]["unitensor"]) == content["parameters"]["repetitions"]
        assert all(value > 0 for values in result["seconds"].values() for value in values)
        assert ("reference" in result["seconds"]) == HAS_LOOPS
    assert "400" in done.stdout and "GB/s" in done.stdout


def test_sample(tmp_path):
    file = tmp_path / "sample.json"
    run("bench", "sample", "--quick", "--json", str(file))
    content = json.loads(file.read_text())
    assert content.keys() == DOCUMENT
    (result,) = content["results"]
    assert result["edges_per_batch"] > 0
    assert set(result["seconds"]) == {"unitensor, 1 threads", "unitensor, 2 threads"} | (
        {"reference"} if HAS_LOOPS else set()
    )


def test_latency():
    content = json.loads(run("bench", "latency", "--quick", "--json", "-").stdout)
    names = {result["what"] for result in content["results"]}
    assert {"gather_one_row_python", "create_context_python"} <= names
    assert ("gather_one_row_c" in names) == HAS_LOOPS
    few = json.loads(run("bench", "latency", "--calls", "5", "--repetitions", "1", "--json", "-").stdout)
    assert all(result["median_seconds"] > 0 for result in few["results"])
    assert "is no size" in run("bench", "latency", "--calls", "0", status=2).stderr


def test_latency_has_its_limits():
    from unitensor_tools import bench_latency

    met = {"gather_one_row_c": 0.49e-6, "gather_one_row_python": 1.99e-6, "create_context_c": 4.9e-3}
    assert bench_latency.missed(met) == []
    assert bench_latency.missed({"gather_one_row_c": 5e-7, "gather_one_row_python": 2e-6}) == [
        "gather_one_row_c: 0.50 microseconds, expected under 0.5",
        "gather_one_row_python: 2.00 microseconds, expected under 2",
    ]


@pytest.mark.skipif(not HAS_LOOPS, reason="the reference loops are not built")
def test_check_fails_where_a_target_is_missed(tmp_path, monkeypatch):
    """The limits are looked at: with ones that nobody meets the exit status is 1."""
    from unitensor_tools import bench_gather, bench_latency, bench_sample

    slow = {"memory": "host", "row_bytes": 64, "threads": 1, "speed_over_torch": 1.99, "time_over_reference": 1.11}
    slow.update(dtype="float32", out_dtype="float32", tensors=1)
    assert len(bench_gather.missed(slow)) == 2
    assert bench_gather.missed({**slow, "speed_over_torch": 2.01, "time_over_reference": 1.09}) == []
    for row_bytes, least in ((128, 2.0), (1024, 1.5), (4096, 1.3)):
        others = {**slow, "row_bytes": row_bytes, "time_over_reference": None}
        assert bench_gather.missed({**others, "speed_over_torch": least - 0.01}) != []
        assert bench_gather.missed({**others, "speed_over_torch": least + 0.01}) == []
    assert bench_gather.missed({**slow, "row_bytes": 8192, "speed_over_torch": 0.5, "time_over_reference": None}) == []
    sample = {
        "time_over_reference": {"unitensor, 1 threads": 1.21},
        "speed_over_one_thread": {"unitensor, 2 threads": 1.29},
    }
    assert len(bench_sample.missed(sample)) == 2
    monkeypatch.setitem(bench_latency._LIMITS, "gather_one_row_python", 0.0)
    from unitensor_tools.cli import main

    assert main(["bench", "latency", "--quick", "--check"]) == 1
