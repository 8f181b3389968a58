# SPDX-License-Identifier: Apache-2.0
"""Debian's package graph as a node classification problem: in which section of the archive does a package belong?

Nodes are the packages of `apt-cache dumpavail`, edges their relations, features a hashed bag of words of the
description, labels the sections. Section, Tag and Task say the answer or nearly so, and are never features.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from .data import Dataset, build_in_neighbors

RELATIONS = ("Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances")
NUM_FEATURES = 512
MIN_CLASS_SIZE = 200
# A word counts if it stands in at least this share of the descriptions: in 32 of Debian's 63,700.
MIN_WORD_FREQUENCY = 1 / 2000
# A machine whose package lists were never fetched knows just the few hundred packages that are installed.
MIN_PACKAGES = 10_000

_WANTED = frozenset((*RELATIONS, "Package", "Description", "Section"))
_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_WORD = re.compile(r"[a-z][a-z0-9+#]*")


class NoPackageList(Exception):
    """There is no apt on this machine, or it knows no packages."""


def read_package_list() -> str:
    """What `apt-cache dumpavail` prints."""
    if shutil.which("apt-cache") is None:
        raise NoPackageList("this machine has no apt-cache")
    result = subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, check=False)
    packages = result.stdout.count(b"\nPackage: ")
    if result.returncode != 0 or packages < MIN_PACKAGES:
        raise NoPackageList(f"apt-cache knows {packages} packages, too few to learn from; "
                            "`apt-get update` fetches the lists")
    return result.stdout.decode("utf-8", errors="replace")


def parse_stanzas(text: str) -> Iterator[dict[str, str]]:
    """The wanted fields of each package; of several versions of one package, the first."""
    seen: set[str] = set()
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        current = ""
        for line in stanza.split("\n"):
            if line[:1] in (" ", "\t"):
                if current:
                    fields[current] += "\n" + line.strip()
                continue
            name, _, value = line.partition(":")
            # A translated description is called Description-en and so on.
            name = "Description" if re.fullmatch(r"Description-[a-z]{2}(_[A-Z]{2})?", name) else name
            current = name if name in _WANTED and name not in fields else ""
            if current:
                fields[current] = value.strip()
        package = fields.get("Package", "")
        if package and package not in seen:
            seen.add(package)
            yield fields


def related_packages(relation: str) -> Iterator[str]:
    """The names in a relation field: every alternative, without version constraint and architecture."""
    for clause in relation.replace("|", ",").split(","):
        match = _PACKAGE_NAME.match(clause.strip())
        if match:
            yield match.group()


def words(description: str) -> list[str]:
    """Words of two letters or more. The archive is English: a plural's s goes, so that it meets its singular."""
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
            for word in _WORD.findall(description.lower()) if len(word) > 1]


def hashed_bag_of_words(documents: Iterable[str], num_features: int = NUM_FEATURES) -> NDArray[np.float32]:
    """One row for each document: the words that are not rare, hashed into columns, scaled to length sqrt(features) / 4.

    CRC-32 is the hash since it is the same on every machine and in every process. Thousands of words that stand in a
    handful of descriptions would share columns with those that tell something, so rare words are left out. One bit of
    the hash gives a word its sign, so that words which share a column cancel out rather than add up.
    """
    document_words = [Counter(words(document)) for document in documents]
    frequency = Counter(word for counts in document_words for word in counts)
    vocabulary = [word for word, n in frequency.items() if n >= MIN_WORD_FREQUENCY * len(document_words)]
    column_and_sign = {}
    for word in vocabulary:
        code = zlib.crc32(word.encode())
        column_and_sign[word] = code % num_features, -1.0 if code >> 31 else 1.0

    features = np.zeros((len(document_words), num_features), dtype=np.float32)
    for row, counts in zip(features, document_words):
        for word, count in counts.items():
            if word in column_and_sign:
                column, sign = column_and_sign[word]
                row[column] += sign * (1.0 + math.log(count))
    length = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    # Length sqrt(features) would make an entry 1 in the mean square; a quarter of it suits the usual initial weights.
    features *= 0.25 * num_features**0.5 / length
    return features


def section_labels(sections: list[str], min_class_size: int) -> tuple[NDArray[np.int64], list[str]]:
    """A class for each section with enough packages, the others -1. `non-free/games` is `games`."""
    sections = [section.rpartition("/")[2] for section in sections]
    names = sorted(s for s, size in Counter(sections).items() if s and size >= min_class_size)
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers.get(section, -1) for section in sections], dtype=np.int64), names


def make_dataset(text: str, min_class_size: int = MIN_CLASS_SIZE) -> Dataset:
    """The graph, features and labels of a package list in the format of `apt-cache dumpavail`."""
    packages = list(parse_stanzas(text))
    if not packages:
        raise NoPackageList("the package list is empty")
    node_of = {fields["Package"]: node for node, fields in enumerate(packages)}
    relations = [(node, node_of[name]) for node, fields in enumerate(packages) for relation in RELATIONS
                 for name in related_packages(fields.get(relation, "")) if name in node_of]
    pairs = np.array(relations, dtype=np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    # A package tells as much about what it depends on as the other way round.
    indptr, indices = build_in_neighbors(np.concatenate([pairs[:, 0], pairs[:, 1]]),
                                         np.concatenate([pairs[:, 1], pairs[:, 0]]), len(packages))
    labels, class_names = section_labels([fields.get("Section", "") for fields in packages], min_class_size)
    features = hashed_bag_of_words(fields.get("Description", "") for fields in packages)
    return Dataset("Debian packages", indptr, indices, features, labels, class_names, num_relations=len(relations))
