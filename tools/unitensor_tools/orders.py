# SPDX-License-Identifier: Apache-2.0
"""From where on it is worth to gather in the order of pages: what the library's own choice between the orders has to be, as
measured."""

from __future__ import annotations

from typing import Any, Sequence

_AXES = {"table_size": "table size", "row_bytes": "row bytes", "count": "count"}
_OTHERS = ("memory", "num_multiprocessors", "dtype", "out_dtype", "tensors")
_SAYS = {
    "memory": "{} memory",
    "num_multiprocessors": "{} multiprocessors",
    "dtype": "of {}",
    "out_dtype": "as {}",
    "tensors": "{} tensors",
}
_UNSAID = {"num_multiprocessors": 0, "dtype": "float32", "out_dtype": "float32", "tensors": 1}


def _place(result: dict[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(result.get(name) for name in names)


def _text(names: Sequence[str], place: tuple[Any, ...]) -> str:
    texts = [
        _SAYS.get(name, _AXES.get(name, name) + " {}").format(value)
        for name, value in zip(names, place)
        if value is not None and value != _UNSAID.get(name)
    ]
    return ", ".join(texts)


def thresholds(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each axis with several values, and each place on the other axes: from which value on by_page was faster than
    as_given at all that were measured; None where it was not faster even at the largest one. Where no axis has several
    values, whether it was faster (axis None)."""
    # What the library chose by itself may have been either of them.
    compared = [r for r in results if r.get("speed_over_as_given") is not None and r.get("order") != "auto"]
    axes = [axis for axis in _AXES if len({result[axis] for result in compared}) > 1]
    found = []
    for axis in axes:
        others = [name for name in (*_OTHERS, *_AXES) if name != axis]
        for place in dict.fromkeys(_place(result, others) for result in compared):
            along = {r[axis]: r["speed_over_as_given"] for r in compared if _place(r, others) == place}
            first = None
            for value in sorted(along, reverse=True):
                if along[value] <= 1:
                    break
                first = value
            found.append({"axis": axis, "from": first, "measured": sorted(along), "where": dict(zip(others, place))})
    if not axes:
        for result in compared:
            where = {name: result.get(name) for name in (*_OTHERS, *_AXES)}
            won = result["speed_over_as_given"] > 1
            found.append({"axis": None, "from": None, "won": won, "measured": [], "where": where})
    return found


def lines_of(found: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for threshold in found:
        where = _text(list(threshold["where"]), tuple(threshold["where"].values()))
        if threshold["axis"] is None:
            lines.append(f"{where}: by_page {'won' if threshold['won'] else 'did not win'}")
            continue
        what, measured = _AXES[threshold["axis"]], threshold["measured"]
        if threshold["from"] is None:
            lines.append(f"{where}: by_page did not win up to {what} {measured[-1]}")
        else:
            smallest = ", the smallest measured" if threshold["from"] == measured[0] else ""
            lines.append(f"{where}: by_page won from {what} {threshold['from']} on{smallest}")
    return lines
