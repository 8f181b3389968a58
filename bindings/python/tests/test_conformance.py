# SPDX-License-Identifier: Apache-2.0
"""The conformance vectors (tests/conformance) through the Python package.

UNITENSOR_TEST_BACKEND is "cpu" (the default) or the path of a backend plugin.
"""
import ctypes
import functools
import json
import os
import pathlib
import sys

import numpy as np
import pytest

import unitensor as ut

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "tests" / "conformance"
sys.path.insert(0, str(FOLDER))
import arrays  # noqa: E402  (the form of arrays in the vectors)

BACKEND = os.environ.get("UNITENSOR_TEST_BACKEND", "cpu")


@pytest.fixture(scope="module", params=[1, 2, 7], ids=lambda number: f"threads-{number}")
def backend_context(request):
    context = ut.Context(num_threads=request.param, backend_path=None if BACKEND == "cpu" else BACKEND)
    assert (context.backend == "cpu") == (BACKEND == "cpu")
    return context


# --- DLPack producers, for cases of their own and for bfloat16, which NumPy does not have ---


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class _Managed(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p),
                ("deleter", ctypes.c_void_p), ("flags", ctypes.c_uint64), ("tensor", _Tensor)]


# Prototypes of this file's own: what is set on ctypes.pythonapi itself is shared with everybody.
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi))
_capsule_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi))

_lent = {}


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def _delete(address):
    producer, _ = _lent.pop(address)
    producer.outstanding.remove(address)


class Producer:
    """Lends bytes as a DLPack tensor of any form, right or wrong."""

    def __init__(self, data, shape, code, bits, lanes=1, strides=None, byte_offset=0, version=(1, 0), device_type=1):
        self.outstanding = []
        self.memory = np.empty(len(data) + 256, np.uint8)
        address = -(-self.memory.ctypes.data // 256) * 256
        ctypes.memmove(address, data, len(data))
        self.shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * max(len(shape), 1))(*strides)
        self.version = version
        self.tensor = _Tensor(address, device_type, 0, len(shape), code, bits, lanes, self.shape, self.strides,
                              byte_offset)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        managed = _Managed(*self.version, None, ctypes.cast(_delete, ctypes.c_void_p), 0, self.tensor)
        address = ctypes.addressof(managed)
        _lent[address] = self, managed
        self.outstanding.append(address)
        return _new_capsule(address, b"dltensor_versioned", None)

    def __dlpack_device__(self):
        return 1, 0


def array_of(spec):
    """A NumPy array, or a producer of the same bytes."""
    array = arrays.decode(spec)
    return Producer(array.tobytes(), array.shape, 4, 16) if spec["dtype"] == "bfloat16" else array


def tensor_of(spec, context, row_alignment=0):
    return ut.tensor(array_of(spec), memory="host", row_alignment=row_alignment, context=context)


def bytes_of(tensor):
    if tensor.dtype != "bfloat16":
        return tensor.numpy().tobytes()
    plain = ut.tensor(tensor, memory="host", context=tensor.context)
    capsule = plain.__dlpack__(max_version=(1, 0))
    lent = ctypes.cast(_capsule_pointer(capsule, b"dltensor_versioned"), ctypes.POINTER(_Managed)).contents.tensor
    return ctypes.string_at(lent.data + lent.byte_offset, plain.nbytes) if plain.nbytes else b""


def check(name, spec, result):
    """A Tensor or NumPy array against what the vector expects."""
    data = bytes_of(result) if isinstance(result, ut.Tensor) else result.tobytes()
    difference = arrays.differs(spec, str(result.dtype), result.shape, data)
    assert difference is None, f"{name} {difference}"


class Expected:
    """Runs a call that has to succeed, or to fail as the case says; true if it succeeded."""

    def __init__(self, case):
        self.expect = case["expect"]
        self.succeeds = self.expect["status"] == "OK"

    def __call__(self, call):
        if self.succeeds:
            return call()
        with pytest.raises(ut.Error) as caught:
            call()
        assert caught.value.status_name == "UNI_STATUS_" + self.expect["status"]
        missing = [word for word in self.expect["message"] if word not in caught.value.message]
        assert caught.value.message and not missing, f"{caught.value.message!r} lacks {missing}"
        return None


def run_gather(case, context, tmp_path):
    expected = Expected(case)
    source = tensor_of(case["source"], context, case.get("row_alignment", 0))
    index = arrays.decode(case["index"])
    context.reset_statistics()
    out = expected(lambda: source.gather(index, bounds=case["bounds"]))
    if not expected.succeeds:
        return
    assert context.statistics()["out_of_bounds"] == case["expect"]["out_of_bounds"]
    check("out", case["expect"]["out"], out)
    if out.dtype != "bfloat16":
        into = np.full(out.shape, 1, out.dtype)
        assert source.gather(index, out=into, bounds=case["bounds"]) is into
        check("out=", case["expect"]["out"], into)
    into = ut.empty(out.shape, out.dtype, memory="host", row_alignment=64, context=context)
    source.gather(ut.tensor(index, context=context), out=into, bounds=case["bounds"])
    check("out= of padded rows", case["expect"]["out"], into)


def run_gather_converted(case, context, tmp_path):
    expected = Expected(case)
    source = tensor_of(case["source"], context, case.get("row_alignment", 0))
    index = arrays.decode(case["index"])
    scales = arrays.decode(case["row_scales"]) if "row_scales" in case else None
    options = {"bounds": case["bounds"], "order": case["order"], "dtype": case["dtype"], "row_scales": scales}
    context.reset_statistics()
    out = expected(lambda: source.gather(index, **options))
    if not expected.succeeds:
        return
    assert context.statistics()["out_of_bounds"] == case["expect"]["out_of_bounds"]
    check("out", case["expect"]["out"], out)
    into = ut.empty(out.shape, out.dtype, memory="host", row_alignment=64, context=context)
    assert source.gather(index, out=into, **options) is into
    check("out= of padded rows", case["expect"]["out"], into)


def run_gather_many(case, context, tmp_path):
    expected = Expected(case)
    sources = [tensor_of(case[name], context) for name in ("first", "second")]
    context.reset_statistics()
    outs = expected(lambda: ut.gather_many(sources, arrays.decode(case["index"]), bounds=case["bounds"],
                                           order=case["order"]))
    if not expected.succeeds:
        return
    assert context.statistics()["out_of_bounds"] == case["expect"]["out_of_bounds"]
    for name, out in zip(("first", "second"), outs):
        check(name, case["expect"][name], out)


def run_gather_into(case, context, tmp_path):
    expected = Expected(case)
    source, out = tensor_of(case["source"], context), arrays.decode(case["out"])
    expected(lambda: source.gather(arrays.decode(case["index"]), out=out, bounds=case["bounds"]))
    check("out", case["expect"]["out"] if expected.succeeds else case["out"], out)


def run_scatter(case, context, tmp_path):
    expected = Expected(case)
    destination = tensor_of(case["destination"], context, case.get("row_alignment", 0))
    index, rows = arrays.decode(case["index"]), array_of(case["rows"])
    context.reset_statistics()
    expected(lambda: destination.scatter(index, rows, bounds=case["bounds"], reduce=case["reduce"]))
    if expected.succeeds:
        assert context.statistics()["out_of_bounds"] == case["expect"]["out_of_bounds"]
    check("destination", case["expect"]["destination"] if expected.succeeds else case["destination"], destination)


def graph_of(case, context):
    edge_ids = arrays.decode(case["edge_ids"]) if "edge_ids" in case else None
    return ut.Graph(arrays.decode(case["indptr"]), arrays.decode(case["indices"]), edge_ids, context=context)


def run_graph(case, context, tmp_path):
    graph = Expected(case)(lambda: graph_of(case, context))
    if graph is not None:
        assert (graph.num_nodes, graph.num_edges) == (case["expect"]["num_nodes"], case["expect"]["num_edges"])
        assert (graph.edge_ids is not None) == ("edge_ids" in case)


def run_sample_neighbors(case, context, tmp_path):
    expected = Expected(case)
    graph = graph_of(case, context)
    flags = dict.fromkeys(case["flags"], True)
    sample = expected(lambda: graph.sample_neighbors(
        arrays.decode(case["seeds"]), [int(fanout) for fanout in case["fanouts"]], seed=int(case["seed"]), **flags))
    if not expected.succeeds:
        return
    expect = case["expect"]
    assert list(sample.hop_nodes) == expect["hop_nodes"] and list(sample.hop_edges) == expect["hop_edges"]
    assert (sample.num_nodes, sample.num_edges) == (sum(expect["hop_nodes"]), sum(expect["hop_edges"]))
    for part in ("nodes", "sources", "targets", "seed_index"):
        check(part, expect[part], getattr(sample, part))
    if "edge_ids" in expect:
        check("edge_ids", expect["edge_ids"], sample.edge_ids)
    else:
        assert sample.edge_ids is None


def run_npy_load(case, context, tmp_path):
    path = tmp_path / "file.npy"
    path.write_bytes(bytes.fromhex(case["file"]))
    tensor = Expected(case)(lambda: ut.load(path, memory="host", context=context))
    if tensor is not None:
        check("tensor", case["expect"]["tensor"], tensor)


def run_npy_save(case, context, tmp_path):
    expected = Expected(case)
    path = tmp_path / "file.npy"
    expected(lambda: tensor_of(case["tensor"], context).save(path))
    assert path.exists() == expected.succeeds
    if expected.succeeds:
        assert path.read_bytes().hex() == case["expect"]["file"]
        check("what NumPy reads", case["tensor"], np.load(path))


def run_dlpack_import(case, context, tmp_path):
    expected = Expected(case)
    producer = Producer(bytes.fromhex(case["data"]), case["shape"], case["code"], case["bits"], case["lanes"],
                        case["strides"], case["byte_offset"], case["version"], case["device_type"])
    tensor = expected(lambda: ut.from_dlpack(producer, context))
    if expected.succeeds:
        check("tensor", case["expect"]["tensor"], tensor)
        assert len(producer.outstanding) == 1
        del tensor
        assert not producer.outstanding
    else:
        # One of another major version is deleted; any other still belongs to the capsule.
        assert bool(producer.outstanding) == (case["expect"]["status"] != "VERSION_MISMATCH")
        for address in producer.outstanding:
            del _lent[address]


OPERATIONS = {name[len("run_"):]: function for name, function in list(globals().items()) if name.startswith("run_")}


@functools.lru_cache(maxsize=None)
def cases_of(path):
    vectors = json.loads(path.read_text(encoding="utf-8"))
    assert vectors["format"] == 1 and vectors["cases"], f"{path} has no cases"
    # An index that carries a count has no form in Python: it is what the parts of a sample have on a device.
    return [case for case in vectors["cases"] if "count" not in case]


FILES = sorted((FOLDER / "vectors").glob("*.json"))
CASES = [pytest.param(case, id=f"{path.stem}-{case['name']}") for path in FILES for case in cases_of(path)]


def test_there_are_cases():
    assert len(FILES) >= 7 and len(CASES) > 500
    assert {param.values[0]["operation"] for param in CASES} == set(OPERATIONS)


@pytest.mark.parametrize("case", CASES)
def test_case(case, backend_context, tmp_path):
    OPERATIONS[case["operation"]](case, backend_context, tmp_path)
