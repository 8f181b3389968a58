#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the built CUDA plugin exports and needs, how large it is, and what it says where there is no driver.

usage: check_plugin.py symbols|probe PLUGIN
       check_plugin.py size PLUGIN MIB
"""
import ctypes
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

SKIPPED = 77
HEADER = Path(__file__).resolve().parents[2] / "include" / "unitensor" / "backend.h"
ABI_VERSION = int(re.search(r"UNI_BACKEND_ABI_VERSION = (\d+)", HEADER.read_text()).group(1))
BACKEND_UNAVAILABLE = -21
MOST_SECONDS = 0.010
# The C and C++ runtimes. Not libcudart, which is linked in, and not libcuda, which a machine without a GPU does not have.
RUNTIMES = re.compile(r"(?:libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+|ld-linux[\w-]*)\.so\.\d+")


class Config(ctypes.Structure):
    """uni_backend_config."""
    COUNT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
    _fields_ = [("struct_size", ctypes.c_uint32), ("num_threads", ctypes.c_int32), ("count_out_of_bounds", COUNT),
                ("user_data", ctypes.c_void_p), ("keep", ctypes.c_void_p)]


class Error(ctypes.Structure):
    """uni_error."""
    _fields_ = [("struct_size", ctypes.c_uint32), ("code", ctypes.c_int32), ("native_code", ctypes.c_int64),
                ("message", ctypes.c_char * 512)]


class Operations(ctypes.Structure):
    """uni_backend_ops up to create, and room for the rest."""
    CREATE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(Config), ctypes.POINTER(ctypes.c_void_p),
                              ctypes.POINTER(Error))
    _fields_ = [("struct_size", ctypes.c_uint32), ("abi_version", ctypes.c_uint32), ("name", ctypes.c_char_p),
                ("device_type", ctypes.c_int32), ("reserved", ctypes.c_uint32), ("create", CREATE),
                ("others", ctypes.c_void_p * 100)]


def has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check_symbols(plugin: str) -> list[str]:
    problems = []
    exported = {line.split()[-1].split("@")[0] for line in run("nm", "--dynamic", "--defined-only", plugin).splitlines()}
    if exported != {"uni_backend_init"}:
        problems.append(f"exports {sorted(exported)}, expected uni_backend_init alone")
    dynamic = run("readelf", "--dynamic", "--wide", plugin)
    problems += [f"needs {needed}" for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
                 if not RUNTIMES.fullmatch(needed)]
    if re.search(r"\((?:RPATH|RUNPATH)\)", dynamic):
        problems.append("looks for libraries in a folder of its own (RPATH)")
    if "TEXTREL" in dynamic:
        problems.append("has text relocations")
    if not re.search(r"\b(?:BIND_NOW|NOW)\b", dynamic):
        problems.append("is not linked with -z now")
    segments = run("readelf", "--program-headers", "--wide", plugin)
    stack = re.search(r"GNU_STACK.*?(R\S*)\s+0x", segments)
    if not stack or "E" in stack.group(1):
        problems.append("its stack is executable")
    if "GNU_RELRO" not in segments:
        problems.append("is not linked with -z relro")
    return problems


def probe_once(plugin: str) -> int:
    """In a process of its own: what a context does that finds the plugin. Prints the seconds, the status, the message."""
    config = Config(ctypes.sizeof(Config), 1, Config.COUNT(lambda user_data, count: None), None)
    error, operations, backend = Error(ctypes.sizeof(Error)), Operations(ctypes.sizeof(Operations)), ctypes.c_void_p()
    start = time.perf_counter()
    library = ctypes.CDLL(plugin)
    library.uni_backend_init.restype = ctypes.c_int32
    status = library.uni_backend_init(ctypes.c_uint32(ABI_VERSION), ctypes.byref(operations), ctypes.byref(error))
    if status == 0:
        status = operations.create(ctypes.byref(config), ctypes.byref(backend), ctypes.byref(error))
    print(time.perf_counter() - start, status, error.message.decode(), sep="\t")
    return 0


def check_probe(plugin: str) -> list[str]:
    # The best of some: the first one also reads the file from disk.
    answers = [run(sys.executable, "-B", __file__, "probe-once", plugin).rstrip("\n").split("\t") for _ in range(5)]
    seconds, status, message = min(answers, key=lambda answer: float(answer[0]))
    print(f"{float(seconds) * 1000:.1f} ms, status {status}: {message}")
    problems = []
    if float(seconds) > MOST_SECONDS:
        problems.append(f"takes {float(seconds) * 1000:.1f} ms to say that there is no driver, expected "
                        f"{MOST_SECONDS * 1000:.0f} ms at most")
    if int(status) != BACKEND_UNAVAILABLE:
        problems.append(f"gives status {status} without a driver, expected {BACKEND_UNAVAILABLE}")
    if "driver" not in message or "install" not in message:
        problems.append(f'does not say what to do: "{message}"')
    return problems


def check_size(plugin: str, most: str) -> list[str]:
    size = Path(plugin).stat().st_size / 2**20
    print(f"{size:.1f} MiB")
    return [] if size <= int(most) else [f"is {size:.1f} MiB large, expected {most} MiB at most"]


def main() -> int:
    what, plugin, *rest = sys.argv[1:]
    plugin = str(Path(plugin).resolve())
    if what == "probe-once":
        return probe_once(plugin)
    if what == "symbols" and (shutil.which("nm") is None or shutil.which("readelf") is None):
        print("skipped: no binutils")
        return SKIPPED
    if what == "probe" and has_driver():
        print("skipped: there is a driver")
        return SKIPPED
    problems = {"symbols": check_symbols, "probe": check_probe, "size": check_size}[what](plugin, *rest)
    for problem in problems:
        print(f"{Path(plugin).name}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
