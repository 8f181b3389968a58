# SPDX-License-Identifier: Apache-2.0
"""Lists on the command line: of sizes (4096, 64K, 512M, 2G), and of words."""

from __future__ import annotations

import argparse
from typing import Callable, Sequence

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _number(text: str, what: str, least: int) -> int:
    unit = _UNITS.get(text[-1:].upper(), 1)
    digits = text[:-1] if unit > 1 else text
    try:
        value = int(digits) * unit
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no {what}, expected a number with K, M or G or nothing behind it"
        ) from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}, expected at least {least}")
    return value


def size(text: str) -> int:
    return _number(text, "size", 1)


def size_list(text: str) -> list[int]:
    return [size(part) for part in text.split(",")]


def count(text: str) -> int:
    """A number from 0 on."""
    return _number(text, "number", 0)


def count_list(text: str) -> list[int]:
    return [count(part) for part in text.split(",")]


def word_list(known: Sequence[str], what: str) -> Callable[[str], list[str]]:
    """A parser of lists of known words; `what` says in messages what they name."""

    def parse(text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r} is no {what}, expected {', '.join(known)}")
        return words

    return parse
