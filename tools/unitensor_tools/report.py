# SPDX-License-Identifier: Apache-2.0
"""Tables for people, JSON for programs."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from typing import Any, Callable, Iterable, Sequence

from . import machine, places, plotting

Column = tuple[str, Callable[[dict[str, Any]], str]]


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const="-",
        help="write the result as JSON too; without FILE, or with -, to the standard output and without the table",
    )


def add_check_argument(parser: argparse.ArgumentParser, targets: str) -> None:
    parser.add_argument(
        "--check", action="store_true", help=f"exit with 1 if a target is missed after three attempts: {targets}"
    )


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]], out: Any = None) -> None:
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)), file=out)
        if number == 0:
            print("  ".join("-" * width for width in widths), file=out)


def print_results(columns: Sequence[Column], results: Sequence[dict[str, Any]]) -> None:
    """A table without the columns that are empty everywhere."""
    filled = {head: [cell(result) for result in results] for head, cell in columns}
    heads = [head for head, cells in filled.items() if any(cells)]
    print_table(heads, zip(*(filled[head] for head in heads)))


def field(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda result: str(result.get(name, ""))


def size_field(name: str) -> Callable[[dict[str, Any]], str]:
    """A size as it is given on the command line."""

    def cell(result: dict[str, Any]) -> str:
        value: int = result[name]
        for unit, letter in ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
            if value % unit == 0:
                return f"{value // unit}{letter}"
        return str(value)

    return cell


def rate_field(name: str) -> Callable[[dict[str, Any]], str]:
    def cell(result: dict[str, Any]) -> str:
        rate = result["gigabytes_per_second"].get(name)
        return "" if rate is None else f"{rate:.2f}"

    return cell


def ratio_field(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda result: ratio_text(result.get(name))


def document(benchmark: str, parameters: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": {**machine.describe(), **places.describe_devices()},
        "parameters": parameters,
        "results": results,
    }


def write_json(content: dict[str, Any], path: str) -> None:
    text = json.dumps(content, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _require_writable(path: str) -> None:
    """Without making the file: what is measured may never be."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise OSError(f"{path} is a folder, expected a file to write to")
    if not os.path.isdir(folder):
        raise OSError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise OSError(f"{path} cannot be written: permission denied")


def check_files(options: argparse.Namespace) -> None:
    """Asked before anything is measured, so that it is not measured for nothing. Raises OSError."""
    plot = getattr(options, "plot", None)
    if plot:
        plotting.require()
    for path in (options.json, plot):
        if path and path != "-":
            _require_writable(path)


def write_files(content: dict[str, Any], options: argparse.Namespace) -> None:
    """What was asked for beside the table, which is printed first: it stays where writing fails."""
    if options.json:
        sys.stdout.flush()
        write_json(content, options.json)
    if getattr(options, "plot", None):
        plotting.draw(content, options.plot)


def ratio_text(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def print_misses(misses: Sequence[str]) -> None:
    for miss in misses:
        print(f"missed: {miss}")
