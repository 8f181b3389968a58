# SPDX-License-Identifier: Apache-2.0
"""Tables for people, JSON for programs."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from typing import Any, Iterable, Sequence

from . import machine


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


def document(benchmark: str, parameters: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": machine.describe(),
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


def ratio_text(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def print_misses(misses: Sequence[str]) -> None:
    for miss in misses:
        print(f"missed: {miss}")
