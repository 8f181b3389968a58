# SPDX-License-Identifier: Apache-2.0
"""Threads, garbage collection in any order, the end of the interpreter, and fork."""
import gc
import os
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

import unitensor as ut
from unitensor import _library


def run_python(code, timeout=60):
    return subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True,
                          timeout=timeout)


# An older one makes all that it takes read-only, and cannot take what is.
NUMPY_HAS_DLPACK_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


def take(tensor):
    return np.from_dlpack(tensor) if NUMPY_HAS_DLPACK_1 else tensor.numpy()


def test_threads_drop_objects_in_any_order():
    kept_before = _library.num_kept()
    problems = []

    def work(seed):
        choose = random.Random(seed)
        try:
            context = ut.Context(num_threads=2)
            pool = [ut.tensor(np.full((20, 4), seed, np.float32), context=context)]
            for step in range(400):
                kind = choose.randrange(8)
                thing = choose.choice(pool)
                if kind == 0:
                    pool.append(ut.wrap(np.full((20, 4), seed, np.float32), context=context))
                elif kind == 1:
                    pool.append(thing[choose.randrange(5):])
                elif kind == 2:
                    pool.append(ut.wrap(thing.numpy(), context=context))
                elif kind == 3:
                    pool.append(ut.from_dlpack(thing, context=context))
                elif kind == 4:
                    pool.append(ut.wrap(take(thing), context=context))
                elif kind == 5:
                    pool.append(thing.gather(np.arange(len(thing))))
                elif kind == 6:
                    graph = ut.Graph(np.array([0, 1, 2]), np.array([1, 0]), context=context)
                    assert graph.sample_neighbors([0], [1]).nodes.numpy().tolist() == [0, 1]
                elif kind == 7:
                    ring = [thing]
                    ring.append(ring)
                while len(pool) > 12:
                    pool.pop(choose.randrange(len(pool)))
                if step % 50 == 0:
                    context = ut.Context(num_threads=2)
                    pool.append(ut.full((20, 4), seed, context=context))
                if step % 97 == 0:
                    gc.collect()
            for thing in pool:
                assert (thing.numpy() == seed).all()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    gc.collect()
    assert _library.num_kept() == kept_before


def test_close_in_one_thread_while_others_gather():
    index = np.arange(1000)
    for _ in range(20):
        tensor = ut.full((1000, 64), 1)
        outcomes = []

        def work():
            out = np.empty((1000, 64), np.float32)
            try:
                while True:
                    tensor.gather(index, out=out)
                    assert (out == 1).all()
            except ut.InvalidStateError:
                outcomes.append(True)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        tensor.close()
        for thread in threads:
            thread.join(30)
        assert outcomes == [True] * 3


def test_one_context_serves_many_threads(context):
    source = np.arange(40_000, dtype=np.int64).reshape(10_000, 4)
    tensor = ut.wrap(source, context=context)
    problems = []

    def work(seed):
        generator = np.random.default_rng(seed)
        for _ in range(30):
            index = generator.integers(0, 10_000, 500)
            if not (tensor.gather(index).numpy() == source[index]).all():
                problems.append(seed)
            try:
                tensor.gather(np.array([seed, 20_000 + seed]))
            except ut.OutOfBoundsError as error:
                if str(20_000 + seed) not in str(error):
                    problems.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_interpreter_ends_with_live_objects():
    code = """
import sys, threading
import numpy as np
import unitensor as ut
tensor = ut.wrap(np.arange(10.0))
shown, plain = tensor.numpy(), np.asarray(tensor)
capsule, legacy = tensor.__dlpack__(max_version=(1, 0)), tensor.__dlpack__()
taken = np.from_dlpack(tensor)
graph = ut.Graph([0, 1, 2], [1, 0], context=ut.Context(num_threads=3, log=print))
sample = graph.sample_neighbors([0], [1])
big = ut.zeros((100000, 64), context=ut.Context(num_threads=2))
big.gather(np.arange(100000))
ring = [ut.wrap(np.zeros(3))]
ring.append(ring)
class Late:
    def __del__(self):
        self.tensor.numpy()
late = Late()
late.tensor = ut.wrap(np.zeros(5))
sys.modules["kept"] = [tensor, late, ut.wrap(np.ones(4)), ut.from_dlpack(np.ones(4))]
def loop():
    while True:
        ut.wrap(np.zeros(3)).gather([1])
threading.Thread(target=loop, daemon=True).start()
print("end")
"""
    result = run_python(code)
    assert (result.returncode, result.stdout) == (0, "end\n"), result.stderr


def test_interpreter_ends_with_tensors_that_pytorch_holds():
    pytest.importorskip("torch")
    code = """
import sys, numpy as np, torch, unitensor as ut
from unitensor.torch import as_tensor
tensor = ut.wrap(np.arange(10.0))
shown = as_tensor(tensor)
torch.kept = shown
wrapped = ut.wrap(torch.zeros(4))
taken = ut.from_dlpack(torch.zeros(4))
np.kept = wrapped
print("end")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "end\n"), result.stderr


def test_memory_is_given_back_after_the_interpreter_has_ended():
    code = """
import ctypes, numpy as np, unitensor as ut
from unitensor._unitensor import ffi, lib
libc = ctypes.CDLL(None)
libc.__cxa_atexit.argtypes = [ctypes.c_void_p] * 3
address = lambda pointer: int(ffi.cast("uintptr_t", pointer))
context = ut.Context(log=lambda level, message: None)
tensor = ut.wrap(np.arange(10.0), context)
pointer = lib.uni_tensor_retain(tensor._handle)
# Runs at exit(), after the interpreter: the last reference goes there.
assert libc.__cxa_atexit(address(ffi.addressof(lib, "uni_tensor_release")), address(pointer), None) == 0
print("end")
"""
    result = run_python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")


def test_forked_child_gathers_and_exits():
    code = """
import os, numpy as np, unitensor as ut
context = ut.Context(num_threads=2)
source = np.arange(400_000.0).reshape(100_000, 4)
tensor = ut.wrap(source, context=context)
graph = ut.Graph([0, 1, 2], [1, 0], context=context)
index = np.arange(100_000)[::-1].copy()
assert (tensor.gather(index).numpy() == source[::-1]).all()
for how in ("exit", "_exit"):
    child = os.fork()
    if child == 0:
        assert (tensor.gather(index).numpy() == source[::-1]).all()
        assert tensor.gather([1]).shape == (1, 4)
        assert graph.sample_neighbors([0], [1]).num_edges == 1
        tensor[0] = -1.0
        assert ut.Context(num_threads=2).num_threads == 2
        if how == "_exit":
            os._exit(0)
        break
    assert os.waitpid(child, 0)[1] == 0
    assert (tensor.gather(index).numpy() == source[::-1]).all()
else:
    print("parent")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and result.stdout == "parent\n", result.stderr


def test_objects_do_not_leak():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    source, index = np.zeros((1000, 250), np.float32), np.arange(1000)

    def work():
        tensor = ut.wrap(source)
        for thing in (tensor.gather(index), ut.tensor(source), ut.from_dlpack(tensor), np.from_dlpack(tensor[1:])):
            assert len(thing) >= 999
        with pytest.raises(ut.OutOfBoundsError):
            tensor.gather([1000])

    for _ in range(30):
        work()
    before = resident()
    for _ in range(200):
        work()
    # A leak of one result per turn would be 200 MB.
    assert resident() - before < 50_000_000
