# SPDX-License-Identifier: Apache-2.0
"""How far a benchmark is, on a terminal."""

from __future__ import annotations

from typing import Collection, Iterable, TypeVar

Item = TypeVar("Item")


def progress(items: Collection[Item], name: str) -> Iterable[Item]:
    """The items, with a bar on a terminal where tqdm is installed: it is a convenience that the command does without."""
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    return tqdm(items, desc=name, disable=None, leave=False)  # type: ignore[no-any-return]
