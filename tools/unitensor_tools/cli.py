# SPDX-License-Identifier: Apache-2.0
"""Unified tensors: what this machine offers, and how fast it is.

Arguments of the command. Each subcommand is a module with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import sys
from typing import Sequence

import unitensor as ut

from . import bench_copy, bench_gather, bench_latency, bench_sample, bench_scatter, info


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unitensor", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"unitensor {ut.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add(commands, "info", info, "what this machine and this build offer")
    bench = commands.add_parser(
        "bench", help="measure", description="Measure, and compare where something is there to compare with."
    )
    benchmarks = bench.add_subparsers(dest="benchmark", required=True)
    _add(benchmarks, "copy", bench_copy, "contiguous memory")
    _add(benchmarks, "gather", bench_gather, "rows of a table by a random index")
    _add(benchmarks, "scatter", bench_scatter, "rows to random places of a table")
    _add(benchmarks, "sample", bench_sample, "neighbours over several hops, with relabelling")
    _add(benchmarks, "latency", bench_latency, "what one small call costs")
    return parser


def _add(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: object, text: str) -> None:
    parser = commands.add_parser(name, help=text, description=(module.__doc__ or text))
    module.add_arguments(parser)  # type: ignore[attr-defined]
    parser.set_defaults(run=module.run)  # type: ignore[attr-defined]


def main(arguments: Sequence[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ut.Error, OSError) as error:
        print(f"unitensor: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
