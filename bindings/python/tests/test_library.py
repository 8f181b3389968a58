# SPDX-License-Identifier: Apache-2.0
"""The whole C API is reachable, and importing is cheap and clean."""
import pathlib
import re
import subprocess
import sys

import unitensor as ut
from unitensor._unitensor import ffi, lib

HEADERS = pathlib.Path(__file__).resolve().parents[3] / "include" / "unitensor"


def declared_functions():
    # backend.h is for authors of plugins, and macros.h declares nothing.
    names = []
    for path in sorted(HEADERS.glob("*.h")):
        if path.name not in ("backend.h", "macros.h", "export.h"):
            names += re.findall(r"^UNI_API [^;(]*?\b(uni_\w+)\(", path.read_text(), re.MULTILINE)
    return names


def test_every_function_of_the_headers_is_reachable():
    names = declared_functions()
    assert len(names) >= 45 and len(set(names)) == len(names)
    assert [name for name in names if not callable(getattr(lib, name, None))] == []


def test_every_status_has_an_exception_of_its_own():
    text = (HEADERS / "status.h").read_text()
    statuses = {name: int(value) for name, value in re.findall(r"(UNI_STATUS_\w+) = (-?\d+)", text)}
    assert len(statuses) > 15
    classes = set()
    for name, value in statuses.items():
        assert getattr(lib, name) == value
        if value != 0:
            error = ut.errors.error_for(value, "text", 5)
            assert (error.status, error.status_name, error.native_code) == (value, name, 5)
            assert type(error) is not ut.Error and str(error) == "text"
            classes.add(type(error))
    assert len(classes) == len(statuses) - 1


def test_versions():
    text = (HEADERS / "version.h").read_text()
    assert f'#define UNI_VERSION_STRING "{ut.__version__}"' in text
    numbers = {name: int(value) for name, value in re.findall(r"#define UNI_ABI_(MAJOR|MINOR) (\d+)", text)}
    assert ut.abi_version() == numbers["MAJOR"] << 16 | numbers["MINOR"]


def test_structs_have_the_sizes_that_the_compiler_gives_them():
    # API mode asks the compiler; a wrong cdef would have failed there. These guard the glue's own assumption.
    assert ffi.sizeof("uni_array") == 112
    assert ffi.sizeof("uni_error") == 528


def test_everything_public_is_listed_and_documented():
    for name in ut.__all__:
        value = getattr(ut, name)
        if callable(value):
            assert value.__doc__, name
    for cls in (ut.Context, ut.Tensor, ut.Graph, ut.Sample):
        for name, member in vars(cls).items():
            if not name.startswith("_"):
                assert member.__doc__, f"{cls.__name__}.{name}"


def test_import_does_not_import_pytorch():
    code = "import sys, unitensor; assert 'torch' not in sys.modules; print(unitensor.default_context().num_threads)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and result.stderr == "" and int(result.stdout) >= 1
