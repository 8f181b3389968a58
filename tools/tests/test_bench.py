# SPDX-License-Identifier: Apache-2.0
"""The benchmarks from outside, on the CPU and on the emulated device. Speeds are not looked at."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import weakref

import numpy
import pytest

COMMAND = os.environ["UNITENSOR_COMMAND"]
CUDA_BACKEND = os.environ.get("UNITENSOR_TEST_CUDA_BACKEND", "")
sys.path[:0] = [os.path.dirname(COMMAND), os.path.join(os.path.dirname(COMMAND), "..", "bindings", "python")]
import unitensor as ut  # noqa: E402
from unitensor_tools import bench_gather, orders, plain, plotting, rows, tables  # noqa: E402

SMALL = ("--table-size", "256K", "--count", "100", "--row-bytes", "16,64", "--quick")
COPIED = {"dtype": "float32", "out_dtype": "float32", "tensors": 1, "threads": 1}
KINDS = ["pinned", "managed", "device", "unified"]
needs_device = pytest.mark.skipif(not CUDA_BACKEND, reason="there is no emulated device")


def run(*arguments, status=0):
    done = subprocess.run([sys.executable, COMMAND, "bench", *arguments], capture_output=True, text=True, timeout=240)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def document(*arguments):
    return json.loads(run(*arguments, "--json", "-").stdout)


@pytest.fixture
def device(tmp_path, monkeypatch):
    (tmp_path / "unitensor_cuda.so").symlink_to(CUDA_BACKEND)
    monkeypatch.setenv("UNITENSOR_BACKEND_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_device(tmp_path, monkeypatch):
    monkeypatch.setenv("UNITENSOR_BACKEND_DIR", str(tmp_path))


def require_times(results):
    for result in results:
        assert all(value > 0 for values in result["seconds"].values() for value in values)


@pytest.mark.parametrize("name", ["gather", "scatter"])
def test_rows_on_the_cpu(name, no_device):
    content = document(name, *SMALL, "--threads", "1", "--device", "cpu")
    assert content["parameters"] == {"table_size": 256 << 10, "count": 100, "repetitions": 2, "seed": 1}
    assert [(r["memory"], r["computed_on"], r["row_bytes"]) for r in content["results"]] == [
        ("host", "cpu", 16),
        ("host", "cpu", 64),
    ]
    require_times(content["results"])
    for result in content["results"]:
        assert {"unitensor", "plain copy"} <= result["seconds"].keys()
        assert result["speed_over_plain_copy"] > 0 and result["speed_over_cpu_path"] is None
        assert ("torch" in result["seconds"]) == (result["speed_over_torch"] is not None)


def test_lists_make_a_result_of_each_combination(no_device):
    content = document(
        "gather", "--quick", "--device", "cpu", "--table-size", "64K,128K", "--row-bytes", "16,8192", "--count", "9,20",
        "--threads", "1,2",
    )  # fmt: skip
    found = [(r["table_size"], r["threads"], r["count"], r["row_bytes"]) for r in content["results"]]
    assert len(found) == len(set(found)) == 2 * 2 * 2 * 2
    assert content["parameters"] == {"repetitions": 2, "seed": 1}
    # Rows that are written have to be different ones.
    content = document("scatter", "--quick", "--device", "cpu", "--table-size", "64K", "--row-bytes", "8192", "--count", "9,20")
    assert [r["count"] for r in content["results"]] == [8, 8]
    assert [r["threads"] for r in content["results"]] == [1, 2]


def test_copy_on_the_cpu(no_device):
    content = document("copy", "--quick", "--device", "cpu", "--table-size", "256K", "--size", "4K,256K", "--threads", "2")
    assert [(r["size"], r["direction"]) for r in content["results"]] == [(4096, "on the host"), (256 << 10, "on the host")]
    require_times(content["results"])
    assert "plain copy GB/s" in run("copy", "--quick", "--device", "cpu", "--table-size", "1M").stdout


@needs_device
@pytest.mark.parametrize("name", ["gather", "scatter"])
def test_rows_on_every_kind_of_memory(name, device):
    content = document(name, *SMALL)
    assert [d["name"] for d in content["machine"]["devices"]] == ["emulated device"]
    assert [(r["memory"], r["row_bytes"]) for r in content["results"]] == [(k, b) for k in KINDS for b in (16, 64)]
    require_times(content["results"])
    for result in content["results"]:
        assert result["computed_on"] == "cuda:0" and result["is"] == result["memory"].replace("unified", "managed")
        copied = name == "gather" and result["memory"] == "device"
        assert set(result["seconds"]) == {"unitensor", "cpu path", "plain copy", *(["device copy"] if copied else [])}
        assert result["speed_over_plain_copy"] > 0 and result["speed_over_cpu_path"] > 0
        assert bool(result.get("speed_over_device_copy")) == copied
    text = run(name, *SMALL, "--memory", "host,device").stdout
    assert "over CPU path" in text and "over plain copy" in text and ("over device copy" in text) == (name == "gather")


@needs_device
def test_the_copy_within_a_device_may_be_larger_than_the_table(device):
    (result,) = document(
        "gather", "--quick", "--memory", "device", "--table-size", "8K", "--count", "1000", "--row-bytes", "64"
    )["results"]  # fmt: skip
    assert result["speed_over_device_copy"] > 0


def test_memory_of_the_caller(no_device):
    content = document("gather", *SMALL, "--memory", "host,caller", "--threads", "1")
    assert [(r["memory"], r["is"], r["computed_on"]) for r in content["results"][::2]] == [
        ("host", "host", "cpu"),
        ("caller", "host", "cpu"),
    ]
    require_times(content["results"])
    assert "caller" in run("gather", *SMALL, "--memory", "caller", "--threads", "1").stdout
    assert "'caller' is no kind" in run("sample", "--memory", "caller", status=2).stderr


def test_torch_gathers_from_the_very_same_memory_of_the_caller():
    torch = pytest.importorskip("torch")
    made = rows.Tables(torch).of(rows.Case(rows.Place("caller", "host", "cpu"), 1 << 20, 64, 10, 1))
    assert made.of_torch.data_ptr() == made.own.numpy().ctypes.data
    made = rows.Tables(torch).of(rows.Case(rows.Place("host", "host", "cpu"), 1 << 20, 64, 10, 1))
    assert made.of_torch.data_ptr() != made.own.numpy().ctypes.data


def test_memory_of_the_caller_is_on_small_pages():
    array = tables.on_small_pages((8 << 20, 1))
    array[:] = 1
    size = 0
    with open("/proc/self/smaps", encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if not fields[0].endswith(":"):
                begin, end = (int(text, 16) for text in fields[0].split("-"))
                inside = begin <= array.ctypes.data < end
            elif fields[0] == "AnonHugePages:" and inside:
                size = int(fields[1])
    assert size == 0 and array.nbytes == 32 << 20


def test_gathers_from_memory_of_the_caller_are_held_to_torch():
    def result(speed, memory="caller"):
        return {**COPIED, "memory": memory, "row_bytes": 64, "speed_over_torch": speed, "time_over_reference": 1.1}

    assert bench_gather.missed({**result(1.0), "time_over_reference": 1.2}) == [
        "rows of 64 bytes, 1 threads: 1.20 times the reference loop's time, expected at most 1.1"
    ]
    assert bench_gather.missed(result(1.0)) == [] and bench_gather.missed({**result(0.1), "tensors": 2}) == []
    assert bench_gather.missed({**result(0.1), "out_dtype": "float16"}) == []
    assert bench_gather.missed(result(0.99)) == ["rows of 64 bytes, 1 threads: 0.99 times torch's speed, expected 1.0"]
    assert bench_gather.missed_typically([result(1.0), result(1.2), result(1.3), result(0.5, "host")]) == []
    assert bench_gather.missed_typically([result(1.1), result(1.2)]) == [
        "a caller's memory: 1.15 times torch's speed in the median, expected 1.2"
    ]
    assert bench_gather.missed_typically([{**result(0.1), "tensors": 2}]) == []
    assert bench_gather.missed_typically([result(None), result(0.5, "host")]) == []


@needs_device
def test_copy_and_sample_on_every_kind_of_memory(device):
    content = document("copy", "--quick", "--table-size", "256K", "--size", "4K,64K")
    ways = [(r["memory"], r["direction"]) for r in content["results"] if r["size"] == 4096]
    both = ["to device", "from device"]
    assert ways == [(k, way) for k in KINDS for way in (both if k != "device" else ["on the device"])]
    require_times(content["results"])
    content = document("sample", "--quick", "--edges", "5000")
    assert [r["memory"] for r in content["results"]] == KINDS
    require_times(content["results"])
    for result in content["results"]:
        assert set(result["seconds"]) == {"unitensor", "cpu path", "plain copy"} and result["edges_per_batch"] > 0
    assert "cpu path" in run("sample", "--quick", "--memory", "pinned").stdout


CONVERTED = [
    ("float32", "float32"), ("float32", "float16"), ("float32", "bfloat16"),
    ("float16", "float32"), ("float16", "float16"), ("float16", "bfloat16"),
    ("int8", "float32"), ("int8", "float16"), ("int8", "bfloat16"),
]  # fmt: skip


def converted(*arguments):
    content = document(
        "gather", *SMALL[:4], "--row-bytes", "64", "--quick", "--dtype", "float32,float16,int8", "--out-dtype",
        "float32,float16,bfloat16", *arguments,
    )  # fmt: skip
    require_times(content["results"])
    return content["results"]


def test_conversions_on_the_cpu(no_device):
    results = converted("--threads", "1")
    assert [(r["dtype"], r["out_dtype"]) for r in results] == CONVERTED
    for result in results:
        assert result["speed_over_plain_copy"] > 0
        assert result["dtype"] == result["out_dtype"] or "reference" not in result["seconds"]
    text = run("gather", *SMALL, "--dtype", "int8", "--out-dtype", "same,float16", "--threads", "1").stdout
    assert " of " in text and "int8  float16" in text


@needs_device
def test_conversions_on_a_device(device):
    results = converted("--memory", "pinned,device")
    assert [(r["memory"], r["dtype"], r["out_dtype"]) for r in results] == [
        (memory, *pair) for pair in CONVERTED for memory in ("pinned", "device")
    ]
    for result in results:
        assert {"unitensor", "cpu path", "plain copy"} <= result["seconds"].keys()
        assert ("device copy" in result["seconds"]) == (result["memory"] == "device")


def test_a_converted_gather_is_compared_with_a_copy_of_what_it_moves():
    case = rows.Case(rows.Place("device", "device", "cuda:0"), 1 << 20, 64, 10, 1, "int8", "float32")
    assert (case.width, case.num_bytes, case.device_copy_bytes) == (64, 640, 10 * (64 + 256) // 2)


def test_several_tensors_on_the_cpu(no_device):
    content = document("gather", *SMALL, "--tensors", "1,3", "--threads", "2")
    assert [(r["tensors"], r["row_bytes"]) for r in content["results"]] == [(1, 16), (1, 64), (3, 16), (3, 64)]
    require_times(content["results"])
    for result in content["results"]:
        assert bool(result["speed_over_one_by_one"]) == (result["tensors"] == 3)
        assert ("reference" in result["seconds"]) == (result["time_over_reference"] is not None)
    assert "over one by one" in run("gather", *SMALL, "--tensors", "2", "--threads", "1").stdout


@needs_device
def test_several_tensors_on_a_device(device):
    content = document("gather", *SMALL, "--memory", "pinned,device", "--tensors", "4", "--order", "as_given,by_page")
    require_times(content["results"])
    assert {r["tensors"] for r in content["results"]} == {4} and len(content["results"]) == 2 * 2 * 2
    assert all(r["speed_over_one_by_one"] > 0 and r["speed_over_cpu_path"] > 0 for r in content["results"])
    assert "4 tensors" in run(
        "gather", *SMALL, "--memory", "pinned", "--tensors", "4", "--order", "as_given,by_page"
    ).stdout.splitlines()[-1]  # fmt: skip


def test_bfloat16_is_rounded_to_even():
    values = numpy.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3.0, 0], numpy.float32)
    expected = numpy.array([1, 1, 1 + 2**-6, 1 + 2**-7, -3.0, 0], numpy.float32)
    assert (tables.rounded(values, "bfloat16") == expected).all()


@pytest.mark.parametrize("arguments", [("--device", "cpu", "--threads", "1"), ("--memory", "pinned,device")])
def test_scatters_that_add(request, arguments):
    request.getfixturevalue("device" if "--memory" in arguments and CUDA_BACKEND else "no_device")
    if "--memory" in arguments and not CUDA_BACKEND:
        pytest.skip("there is no emulated device")
    content = document("scatter", *SMALL, "--mode", "assign,add", "--num-multiprocessors", "0,2", *arguments)
    require_times(content["results"])
    on_device = "--memory" in arguments
    assert [(r["row_bytes"], r["mode"], r.get("num_multiprocessors")) for r in content["results"]] == [
        (row_bytes, mode, budget)
        for _ in range(2 if on_device else 1)
        for row_bytes in (16, 64)
        for mode in ("assign", "add")
        for budget in ((0, 2) if on_device else (None,))
    ]
    assert " add" in run("scatter", *SMALL, "--mode", "add", *arguments).stdout


def test_a_list_of_samples(no_device):
    content = document(
        "sample", "--edges", "5000,6000", "--seeds", "16,32", "--batches", "1,2", "--repetitions", "1", "--threads", "1"
    )  # fmt: skip
    found = [(r["edges"], r["seeds"], r["batches"]) for r in content["results"]]
    assert found == [(e, s, b) for e in (5000, 6000) for s in (16, 32) for b in (1, 2)]
    assert [r["nodes"] for r in content["results"][::4]] == [250, 300]
    assert content["parameters"] == {"graph": "power-law", "fanouts": [15, 10, 5], "repetitions": 1, "seed": 1}
    assert len(plotting.bars_of(content["results"])) == sum(len(r["seconds"]) for r in content["results"])


@needs_device
@pytest.mark.parametrize("name", ["gather", "scatter", "copy", "sample"])
def test_every_number_of_threads_is_measured_beside_a_device(device, name):
    sizes = SMALL if name in ("gather", "scatter") else ("--quick",)
    content = document(name, *sizes, "--memory", "pinned", "--threads", "1,2")
    assert sorted({r["threads"] for r in content["results"]}) == [1, 2]


@needs_device
def test_the_cpu_can_be_asked_for(device):
    content = document("gather", *SMALL, "--device", "cpu", "--memory", "host,managed,pinned", "--threads", "1")
    assert {r["computed_on"] for r in content["results"]} == {"cpu"}
    assert "not read by the CPU" in run("gather", *SMALL, "--device", "cpu", "--memory", "device", status=1).stderr
    assert "by the CPU only" in run("gather", *SMALL, "--memory", "caller", "--device", "cuda", status=1).stderr
    assert "not read by the device" in run("scatter", *SMALL, "--device", "cuda", "--memory", "host", status=1).stderr


@needs_device
def test_orders_are_compared(device):
    orders_of = ("--memory", "pinned", "--order", "as_given,by_page")
    content = document("gather", *SMALL, *orders_of, "--num-multiprocessors", "0,2")
    assert [(r["order"], r["num_multiprocessors"]) for r in content["results"][:4]] == [
        ("as_given", 0),
        ("by_page", 0),
        ("as_given", 2),
        ("by_page", 2),
    ]
    assert {t["axis"] for t in content["order_thresholds"]} == {"row_bytes"}
    # What the library chose is compared too, but says nothing of where an order wins.
    chosen_of = ("--memory", "pinned,device", "--order", "auto,as_given")
    content = document("gather", *SMALL, *chosen_of, "--num-multiprocessors", "0,2,64")
    assert "order_thresholds" not in content
    for result in content["results"]:
        chosen = result["memory"] == "pinned" and result["num_multiprocessors"] == 0
        assert ("speed_over_as_given" in result) == (result["order"] == "auto")
        assert bool(result.get("speed_over_more_multiprocessors")) == chosen
    assert run("gather", *SMALL, *orders_of).stdout.splitlines()[-1].startswith("pinned memory, table size 262144, count 100: ")


def on_terminal(*arguments):
    """What it writes to standard error, which is a terminal."""
    ours, theirs = pty.openpty()
    # On one without a size there is no room for a bar.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    done = subprocess.Popen([sys.executable, COMMAND, "bench", *arguments], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    written = b""
    # Reading fails when nobody has the terminal any more.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            written += part
    os.close(ours)
    assert done.wait(240) == 0
    return written.decode()


@pytest.mark.parametrize("name", ["copy", "gather", "scatter", "sample"])
def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch, no_device, name):
    pytest.importorskip("tqdm")
    sizes = SMALL if name in ("gather", "scatter") else ("--quick",)
    bar = on_terminal(name, *sizes)
    assert f"\r{name}:   0%|" in bar and bar.endswith("\r"), "it is drawn, and goes when it is done"
    assert run(name, *sizes).stderr == ""
    # And not without the package.
    (tmp_path / "tqdm.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert on_terminal(name, *sizes) == ""


ALL = ["copy", "gather", "scatter", "sample", "latency"]


@pytest.mark.parametrize("name", ALL)
def test_numbers_that_are_none_are_refused(name):
    assert "'-1' is no size, expected at least 1" in run(name, "--repetitions", "-1", status=2).stderr
    assert "'0' is no size" in run(name, "--repetitions", "0", status=2).stderr
    if name != "latency":
        assert "'-1' is no number, expected at least 0" in run(name, "--seed", "-1", status=2).stderr
    if name == "sample":
        assert "'-1' is no size" in run(name, "--batches", "1,-1", status=2).stderr


@pytest.mark.parametrize("name", ALL)
def test_files_are_looked_at_before_anything_is_measured(tmp_path, name):
    """Were they not, the table would be too large, and so the reason for the failure another one."""
    large = ("--table-size", "9999999G") if name in ("copy", "gather", "scatter") else ("--quick",)
    missing = str(tmp_path / "missing" / "file.json")
    assert f"there is no folder {tmp_path}/missing" in run(name, *large, "--json", missing, status=1).stderr
    assert "is a folder" in run(name, *large, "--json", str(tmp_path), status=1).stderr
    if name != "latency":
        pytest.importorskip("matplotlib")
        assert "there is no folder" in run(name, *large, "--plot", missing, status=1).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ALL)
def test_the_table_is_there_where_a_file_cannot_be_written(no_device, name):
    sizes = SMALL if name in ("gather", "scatter") else ("--quick",)
    done = run(name, *sizes, "--json", "/dev/full", status=1)
    assert "No space left" in done.stderr and "---" in done.stdout


def test_what_is_wrong_is_said(no_device):
    assert "'disk' is no kind" in run("gather", "--memory", "host,disk", status=2).stderr
    assert "'sorted' is no order" in run("gather", "--order", "sorted", status=2).stderr
    assert "--size are multiples of 4" in run("copy", "--quick", "--size", "2G", status=1).stderr
    if not ut.Context().backend_info("cuda").available:
        assert "pinned memory is not available here: " in run("scatter", *SMALL, "--memory", "pinned", status=1).stderr
        assert "there is no device: " in run("sample", "--quick", "--device", "cuda", status=1).stderr
        assert "several tensors are not converted" in run(
            "gather", *SMALL, "--tensors", "1,2", "--out-dtype", "float16", status=1
        ).stderr  # fmt: skip
        assert "from 1 to 16" in run("gather", *SMALL, "--tensors", "17", status=1).stderr
        assert "more than the table" in run("gather", "--quick", "--table-size", "64K", "--row-bytes", "32K", "--tensors",
                                            "3", status=1).stderr  # fmt: skip
        assert "no bfloat16" in run("gather", *SMALL, "--memory", "caller", "--out-dtype", "bfloat16", status=1).stderr
        assert "no order" in run("gather", *SMALL, "--order", "by_page").stderr


def result_of(table_size, row_bytes, speed, memory="pinned"):
    return {
        "memory": memory, "table_size": table_size, "row_bytes": row_bytes, "count": 100, "num_multiprocessors": 0,
        "speed_over_as_given": speed,
    }  # fmt: skip


def test_from_where_on_by_page_wins():
    results = [result_of(2**n, 512, speed) for n, speed in ((30, 0.9), (31, 1.2), (32, 0.8), (33, 1.1), (34, 3.0))]
    assert orders.lines_of(orders.thresholds(results)) == [
        f"pinned memory, row bytes 512, count 100: by_page won from table size {2**33} on"
    ]
    assert orders.lines_of(orders.thresholds(results[:1])) == [
        f"pinned memory, table size {2**30}, row bytes 512, count 100: by_page did not win"
    ]
    assert orders.thresholds(results[:3])[0]["from"] is None
    assert "up to table size" in orders.lines_of(orders.thresholds(results[:3]))[0]
    assert orders.lines_of(orders.thresholds(results[3:]))[0].endswith("on, the smallest measured")
    # Both axes, each at every place on the other; what was not compared is left out.
    results += [result_of(2**34, 64, 0.5), {**result_of(2**35, 64, None), "order": "as_given"}]
    found = orders.thresholds(results)
    assert [t["axis"] for t in found].count("row_bytes") == 5
    assert {t["from"] for t in found if t["axis"] == "row_bytes" and t["where"]["table_size"] == 2**34} == {512}
    assert orders.thresholds([{**result_of(1, 1, None)}]) == []


def test_a_plain_copy_keeps_its_arrays():
    arrays = [numpy.ones(100, numpy.float32) for _ in range(4)]
    kept = [weakref.ref(array) for array in arrays]
    calls = [plain.memcpy(*arrays[:2]), plain.memcpy_to(*arrays[2:])]
    del arrays
    assert all(reference() is not None for reference in kept)
    for call in calls:
        call(0)


def test_tables_hold_what_is_expected():
    table = tables.make(8 << 20, "host", ut.Context())
    width = 24
    index = tables.random_index(numpy.random.default_rng(3), len(table) // width, 500)
    plain = table.numpy()[: len(table) // width * width].reshape(-1, width)
    assert (tables.gathered(index, width) == plain[index]).all()
    assert len(set(tables.distinct_index(numpy.random.default_rng(3), 1000, 900))) == 900
    assert len(set(tables.distinct_index(numpy.random.default_rng(3), 10**6, 900))) == 900
    assert tables.num_indices(1 << 30, 16, 100) == 8 and tables.num_indices(1, 16, 100) == 100


def test_a_measurement_is_long_on_a_device():
    host, pinned = rows.Place("host", "host", "cpu"), rows.Place("pinned", "pinned", "cuda:0")
    assert rows.Case(host, 1 << 30, 16, 1 << 20, 1).calls(False) == 1
    assert rows.Case(pinned, 1 << 30, 16, 1 << 20, 1).calls(False) == 16
    assert rows.Case(pinned, 1 << 30, 16, 1 << 20, 1).calls(True) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("gather", *SMALL, "--threads", "1,2"),
        ("scatter", *SMALL),
        ("copy", "--quick", "--table-size", "256K", "--size", "4K,8K"),
        ("sample", "--quick", "--edges", "5000"),
    ],
)
def test_plot(tmp_path, no_device, arguments):
    pytest.importorskip("matplotlib")
    file = tmp_path / "figure.png"
    assert "over" in run(*arguments, "--plot", str(file)).stdout
    assert file.read_bytes().startswith(b"\x89PNG")


def test_plot_without_matplotlib(tmp_path, monkeypatch):
    (tmp_path / "matplotlib.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("gather", "--plot", str(tmp_path / "figure.png"), status=1)
    assert done.stderr.startswith("unitensor: --plot needs matplotlib, which is not installed")


def test_lines_of_a_plot_are_told_apart():
    def result(memory, row_bytes):
        return {"memory": memory, "row_bytes": row_bytes, "count": 5, "threads": 1, "gigabytes_per_second": {"unitensor": 1.0}}

    results = [result(memory, row_bytes) for memory in ("host", "pinned") for row_bytes in (16, 32)]
    lines = plotting.lines_of({"benchmark": "gather", "results": results})
    assert {label: xs for label, (xs, _) in lines.items()} == {
        "unitensor, host memory": [16, 32],
        "unitensor, pinned memory": [16, 32],
    }
