# SPDX-License-Identifier: Apache-2.0
"""Shows that `generate.py --check` fails at every kind of change to the headers: faults are planted in a copy of them."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
HEADERS = FOLDER.parents[1] / "include" / "unitensor"
# Each: the header, what is replaced there, by what.
FAULTS = [
    ("array.h", "UNI_DTYPE_FLOAT64 = 13", "UNI_DTYPE_FLOAT64 = 14"),
    ("gather.h", "UNI_SCATTER_ASSIGN = 0,", "UNI_SCATTER_NEW = 2, UNI_SCATTER_ASSIGN = 0,"),
    ("tensor.h", "  int64_t row_alignment;", "  int32_t row_alignment;"),
    ("sample.h", "  int64_t hop_nodes[17];", "  int64_t hop_nodes[18];"),
    ("sample.h", "  uint64_t seed;", "  uint64_t seed;\n  uint64_t extra;"),
    ("gather.h", "UNI_API uni_status uni_gather(",
     "UNI_API uni_status uni_extra(uni_error *error);\nUNI_API uni_status uni_gather("),
    ("gather.h", "void *stream, uni_tensor **out, uni_error *error);", "uni_tensor **out, uni_error *error);"),
    ("graph.h", "const uni_tensor *uni_graph_tensor(", "uni_graph *uni_graph_tensor("),
    ("version.h", "#define UNI_ABI_MINOR 1", "#define UNI_ABI_MINOR 2"),
    ("npy.h", "uni_status uni_tensor_save(const uni_tensor *tensor,", "uni_status uni_tensor_save(const new_type *tensor,"),
]


def check(headers: pathlib.Path) -> int:
    return subprocess.run([sys.executable, "-B", FOLDER / "generate.py", "--check", "--headers", headers], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def main() -> int:
    problems = [] if check(HEADERS) == 0 else ["fails without a fault"]
    for name, old, new in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            headers = pathlib.Path(folder) / "unitensor"
            shutil.copytree(HEADERS, headers)
            text = (headers / name).read_text(encoding="utf-8")
            if old not in text:
                problems.append(f"{name} has no {old!r}")
                continue
            (headers / name).write_text(text.replace(old, new), encoding="utf-8")
            if check(headers) == 0:
                problems.append(f"{name}: {new!r} is not found")
    print("\n".join(problems) or f"{len(FAULTS)} faults found")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
