# SPDX-License-Identifier: Apache-2.0
"""What the extension module was compiled with against the table of the binary interface that a C program prints
(tests/abi/abi.txt): sizes, alignments, offsets and constants."""
import pathlib
import re

from unitensor._unitensor import ffi, lib

TABLE = pathlib.Path(__file__).resolve().parents[3] / "tests" / "abi" / "abi.txt"


def lines_of_unitensor_h():
    header = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            header = line[2:]
        # That of plugins is not part of unitensor.h.
        elif header != "backend.h":
            yield line


def differences(lines):
    """The lines that are not so here, and how many were looked at."""
    struct, wrong, counts = "", [], {"struct": 0, "member": 0, "constant": 0, "function": 0}
    for line in lines:
        if match := re.fullmatch(r"struct (\w+) size (\d+) alignment (\d+)", line):
            struct, kind = match[1], "struct"
            right = (ffi.sizeof(struct), ffi.alignof(struct)) == (int(match[2]), int(match[3]))
        elif match := re.fullmatch(r"  (\w+) at (\d+), (\d+) bytes: .*", line):
            kind = "member"
            fields = dict(ffi.typeof(struct).fields)
            right = match[1] in fields and (ffi.offsetof(struct, match[1]), ffi.sizeof(fields[match[1]].type)) == (
                int(match[2]), int(match[3]))
        elif match := re.fullmatch(r"constant (\w+) = (-?\d+)", line):
            kind, right = "constant", getattr(lib, match[1], None) == int(match[2])
        elif match := re.match(r"function .*?\b(uni_\w+)\(", line):
            kind, right = "function", hasattr(lib, match[1])
        else:
            continue
        counts[kind] += 1
        if not right:
            wrong.append(line)
    return wrong, counts


def test_the_module_is_as_the_table():
    wrong, counts = differences(lines_of_unitensor_h())
    assert not wrong
    assert counts["struct"] >= 15 and counts["member"] > 100 and counts["constant"] > 60 and counts["function"] > 50


def test_a_difference_is_found():
    planted = ["struct uni_error size 530 alignment 8", "struct uni_array size 128 alignment 4",
               "  code at 8, 4 bytes: uni_status code", "  none at 8, 4 bytes: int32_t none", "constant UNI_STATUS_OK = 1",
               "constant UNI_NONE = 1", "function void uni_none(void)"]
    for line in planted:
        assert differences(["struct uni_error size 536 alignment 8", line])[0][-1:] == [line]
