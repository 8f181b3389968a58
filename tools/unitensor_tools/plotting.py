# SPDX-License-Identifier: Apache-2.0
"""Figures of a benchmark's document. matplotlib is imported only where one is asked for."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any, Sequence

_X = {
    "gather": ("row_bytes", "bytes of a row"),
    "scatter": ("row_bytes", "bytes of a row"),
    "copy": ("size", "bytes of a copy"),
}
# What tells lines apart, and how it is said.
_DISTINCT = (
    ("memory", "{} memory"),
    ("direction", "{}"),
    ("table_size", "table of {} bytes"),
    ("row_bytes", "rows of {} bytes"),
    ("count", "{} rows"),
    ("threads", "{} threads"),
    ("dtype", "of {}"),
    ("out_dtype", "as {}"),
    ("tensors", "{} tensors"),
    ("mode", "{}"),
    ("edges", "{} edges"),
    ("seeds", "{} seeds"),
    ("batches", "{} batches"),
    ("order", "{}"),
    ("num_multiprocessors", "{} multiprocessors"),
)


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plot", metavar="FILE.png", help="draw the result to a PNG file too; needs matplotlib")


def require() -> None:
    """Asked before anything is measured. Raises OSError."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise OSError("--plot needs matplotlib, which is not installed: pip install matplotlib") from None


def lines_of(content: dict[str, Any]) -> dict[str, tuple[list[float], list[float]]]:
    """By label: where a line goes. Results that differ in more than what is drawn along x make lines of their own."""
    x = _X[content["benchmark"]][0]
    results = content["results"]
    # The count follows the size of a row where the result would be too large; then it tells nothing apart.
    follows = {"count"} if len({r.get("count") for r in results}) <= len({r[x] for r in results}) else set()
    names = [name for name, _ in _DISTINCT if name != x and name not in follows]
    differing = [name for name in names if len({result.get(name) for result in results}) > 1]
    lines: dict[str, tuple[list[float], list[float]]] = {}
    for result in results:
        what = [text.format(result[name]) for name, text in _DISTINCT if name in differing and name in result]
        for contestant, rate in result["gigabytes_per_second"].items():
            xs, ys = lines.setdefault(", ".join([contestant, *what]), ([], []))
            xs.append(result[x])
            ys.append(rate)
    return lines


def _draw_rates(axes: Any, content: dict[str, Any]) -> None:
    for label, (xs, ys) in lines_of(content).items():
        style = "-" if label.startswith("unitensor") else "--"
        order = sorted(range(len(xs)), key=xs.__getitem__)
        axes.plot([xs[n] for n in order], [ys[n] for n in order], style, marker="o", markersize=3, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xlabel(_X[content["benchmark"]][1])
    axes.set_ylabel("GB/s")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def bars_of(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """By label: how long a batch took."""
    differing = [(name, text) for name, text in _DISTINCT if len({result.get(name) for result in results}) > 1]
    bars = {}
    for result in results:
        what = ", ".join(text.format(result[name]) for name, text in differing if name in result)
        for name, value in result["milliseconds_per_batch"].items():
            bars[f"{what}: {name}" if what else name] = value
    return bars


def _draw_times(axes: Any, results: Sequence[dict[str, Any]]) -> None:
    bars = bars_of(results)
    axes.barh(list(bars), list(bars.values()))
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds per batch")


def draw(content: dict[str, Any], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    if content["benchmark"] in _X:
        _draw_rates(axes, content)
    else:
        _draw_times(axes, content["results"])
    machine = content["machine"]
    devices = "".join(f", {device['name']}" for device in machine.get("devices", []))
    axes.set_title(f"{content['benchmark']} on {machine['cpu']}, {machine['processors']} processors{devices}", fontsize=10)
    figure.savefig(pathlib.Path(path), format="png", dpi=150)
    plt.close(figure)
