# SPDX-License-Identifier: Apache-2.0
"""Cases of graph validation and neighbour sampling."""
from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

import reference
from arrays import decode, encode, integers, pattern
from cases_rows import INT64_MAX, INT64_MIN, Case, failure

# Ten nodes: two without neighbours (3 and 9), a loop (2), a double edge (0 to 4), one node that all others point at.
DEGREES = (3, 1, 4, 0, 6, 2, 12, 5, 1, 0)
NEIGHBORS = ((4, 4, 1), (0,), (2, 5, 6, 0), (), (6, 5, 3, 2, 1, 0), (9, 7), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 5),
             (6, 1, 8, 3, 9), (6,), ())
INDPTR = [0, *np.cumsum(DEGREES).tolist()]
INDICES = [neighbor for neighbors in NEIGHBORS for neighbor in neighbors]
IDS = [1000 + 7 * edge for edge in range(len(INDICES))]


def graph_case(name: str, indptr: dict[str, Any], indices: dict[str, Any], expect: dict[str, Any],
               edge_ids: Optional[dict[str, Any]] = None) -> Case:
    case: Case = {"name": name, "operation": "graph", "indptr": indptr, "indices": indices}
    if edge_ids is not None:
        case["edge_ids"] = edge_ids
    return {**case, "expect": expect}


def changed(values: Sequence[int], place: int, value: int) -> list[int]:
    result = list(values)
    result[place] = value
    return result


def graph_cases() -> list[Case]:
    cases = []
    for indptr_dtype in ("int32", "int64"):
        for indices_dtype in ("int32", "int64"):
            given = integers(indptr_dtype, INDPTR), integers(indices_dtype, INDICES)
            good = {"status": "OK", "num_nodes": 10, "num_edges": len(INDICES)}
            name = f"{indptr_dtype}-{indices_dtype}"
            cases.append(graph_case(name, *given, good))
            cases.append(graph_case(f"{name}-ids", *given, good, integers(indptr_dtype, IDS)))
            other = "int64" if indptr_dtype == "int32" else "int32"
            cases.append(graph_case(f"{name}-ids-of-{other}", *given, failure("DTYPE_MISMATCH", "edge_ids", other),
                                    integers(other, IDS)))
            for word, place, value in (("first", 0, -1), ("last", len(INDICES) - 1, 10), ("middle", 17, 11)):
                cases.append(graph_case(f"{name}-{word}-neighbor", given[0],
                                        integers(indices_dtype, changed(INDICES, place, value)),
                                        failure("OUT_OF_BOUNDS", "indices", f"[{place}]", str(value))))
    indices = integers("int64", INDICES)
    edges = len(INDICES)
    for word, place, value, words in (
            ("begins-at-one", 0, 1, ("[0]", "1")), ("begins-below-zero", 0, -1, ("[0]", "-1")),
            ("ends-early", 10, edges - 1, (str(edges - 1), str(edges))),
            ("ends-late", 10, edges + 1, (str(edges + 1), str(edges))),
            ("decreases", 5, 7, ("decrease",)), ("decreases-by-one", 4, 9 - 2, ("decrease",)),
            ("largest", 5, INT64_MAX, ("decrease",)), ("smallest", 5, INT64_MIN, ("decrease",))):
        cases.append(graph_case(f"indptr-{word}", integers("int64", changed(INDPTR, place, value)), indices,
                                failure("INVALID_ARGUMENT", "indptr", *words)))
    for word, value in (("largest", INT64_MAX), ("smallest", INT64_MIN), ("two-to-32", 2**32), ("minus-one", -1)):
        cases.append(graph_case(f"neighbor-{word}", integers("int64", INDPTR),
                                integers("int64", changed(INDICES, 3, value)),
                                failure("OUT_OF_BOUNDS", "indices", "[3]", str(value))))
    indptr = integers("int64", INDPTR)
    cases.append(graph_case("ids-too-few", indptr, indices, failure("SHAPE_MISMATCH", "edge_ids"),
                            integers("int64", IDS[:-1])))
    cases.append(graph_case("indptr-empty", integers("int64", []), integers("int64", []),
                            failure("SHAPE_MISMATCH", "indptr")))
    cases.append(graph_case("indptr-of-two-dimensions", integers("int64", [0, 0], (1, 2)), integers("int64", []),
                            failure("SHAPE_MISMATCH", "indptr")))
    cases.append(graph_case("indices-of-two-dimensions", integers("int64", [0, 1]), integers("int64", [0], (1, 1)),
                            failure("SHAPE_MISMATCH", "indices")))
    for dtype in ("float32", "uint32", "uint64", "int16"):
        cases.append(graph_case(f"indptr-of-{dtype}", integers(dtype, [0, 1]), integers("int64", [0]),
                                failure("DTYPE_MISMATCH", "indptr", dtype)))
        cases.append(graph_case(f"indices-of-{dtype}", integers("int64", [0, 1]), integers(dtype, [0]),
                                failure("DTYPE_MISMATCH", "indices", dtype)))
    cases.append(graph_case("no-nodes", integers("int32", [0]), integers("int64", []),
                            {"status": "OK", "num_nodes": 0, "num_edges": 0}))
    cases.append(graph_case("no-edges", integers("int64", [0, 0, 0, 0]), integers("int32", []),
                            {"status": "OK", "num_nodes": 3, "num_edges": 0}))
    cases.append(graph_case("one-loop", integers("int64", [0, 1]), integers("int32", [0]),
                            {"status": "OK", "num_nodes": 1, "num_edges": 1}))
    # Large enough for several threads.
    large = pattern("int64", (90001,), 400, 4, True)
    num_edges = int(decode(large)[-1])
    cases.append(graph_case("large", large, pattern("int32", (num_edges,), 401, 90000),
                            {"status": "OK", "num_nodes": 90000, "num_edges": num_edges}))
    neighbors = pattern("int32", (num_edges,), 401, 90001)
    place = reference.first_out_of_bounds(decode(neighbors).tolist(), 90000)
    assert place is not None, "the pattern has to hold a neighbour that is no node"
    cases.append(graph_case("large-one-past-the-end", large, neighbors,
                            failure("OUT_OF_BOUNDS", "indices", f"[{place}]", "90000")))
    return cases


def sample_case(name: str, indptr: dict[str, Any], indices: dict[str, Any], seeds: dict[str, Any],
                fanouts: Sequence[int], seed: int = 1, flags: str = "",
                edge_ids: Optional[dict[str, Any]] = None) -> Case:
    chosen = flags.split()
    case: Case = {"name": name, "operation": "sample_neighbors", "indptr": indptr, "indices": indices}
    if edge_ids is not None:
        case["edge_ids"] = edge_ids
    case.update(seeds=seeds, fanouts=list(fanouts), seed=str(seed), flags=chosen)
    nodes = decode(seeds).tolist()
    starts = memoryview(decode(indptr))  # entries as Python integers, without a list of them all
    bad = reference.first_out_of_bounds(nodes, len(starts) - 1)
    if bad is not None:
        case["expect"] = failure("OUT_OF_BOUNDS", "seeds", f"[{bad}]", str(nodes[bad]))
        return case
    sample = reference.sample_neighbors(starts, memoryview(decode(indices)),
                                        None if edge_ids is None else memoryview(decode(edge_ids)), nodes, fanouts,
                                        seed, "replace" in chosen, "unique_seeds" in chosen)

    def part(dtype: str, values: list[int]) -> dict[str, Any]:
        return integers(dtype, values) if len(values) <= 200 else encode(dtype, np.array(values, dtype), 0)

    node, edge = indices["dtype"], indptr["dtype"]
    expect = {"status": "OK", "nodes": part(node, sample.nodes), "sources": part(node, sample.sources),
              "targets": part(node, sample.targets), "seed_index": part(node, sample.seed_index),
              "hop_nodes": sample.hop_nodes, "hop_edges": sample.hop_edges}
    if "edge_ids" in chosen:
        expect["edge_ids"] = part(edge, sample.edge_ids)
    case["expect"] = expect
    return case


def small_sample_cases() -> list[Case]:
    cases = []
    options = ("", "replace", "edge_ids", "replace edge_ids", "unique_seeds edge_ids", "replace unique_seeds edge_ids")
    all_nodes = integers("int64", range(10))
    for indptr_dtype in ("int32", "int64"):
        for indices_dtype in ("int32", "int64"):
            graph = integers(indptr_dtype, INDPTR), integers(indices_dtype, INDICES)
            for seeds_dtype in ("int32", "int64"):
                cases.append(sample_case(f"{indptr_dtype}-{indices_dtype}-seeds-{seeds_dtype}", *graph,
                                         integers(seeds_dtype, [6, 2, 4, 6, 3]), [3, 2], 5, "edge_ids",
                                         integers(indptr_dtype, IDS)))
    graph = integers("int64", INDPTR), integers("int64", INDICES)
    for flags in options:
        word = flags.replace(" ", "-") or "plain"
        for fanouts in ([0], [1], [2], [3], [5], [11], [12], [13], [-1], [2, 2], [-1, 1], [1, -1], [0, 3], [3, 0, 2],
                        [4, 3, 2, 1], [-1, -1, -1]):
            hops = "-".join("all" if k == -1 else str(k) for k in fanouts)
            cases.append(sample_case(f"{word}-{hops}", *graph, integers("int64", [6, 4]), fanouts, 3, flags))
        cases.append(sample_case(f"{word}-all-nodes", *graph, all_nodes, [2, 2], 17, flags))
        cases.append(sample_case(f"{word}-repeated", *graph, integers("int64", [4, 6, 4, 4, 0, 6]), [2, 2], 11, flags))
        cases.append(sample_case(f"{word}-isolated", *graph, integers("int64", [3, 9, 3]), [4, -1], 12, flags))
        cases.append(sample_case(f"{word}-no-seeds", *graph, integers("int64", []), [4, 2], 13, flags))
        cases.append(sample_case(f"{word}-no-hops", *graph, integers("int32", [2, 7, 2]), [], 14, flags))
        cases.append(sample_case(f"{word}-sixteen-hops", *graph, integers("int64", [8]), [1] * 16, 15, flags))
    for seed in (0, 1, 2, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF):
        cases.append(sample_case(f"seed-{seed}", *graph, integers("int64", [6, 4, 7]), [3, 2, 2], seed, "edge_ids"))
    empty = integers("int64", [0]), integers("int64", [])
    cases.append(sample_case("no-nodes", *empty, integers("int64", []), [3, -1]))
    cases.append(sample_case("no-nodes-and-a-seed", *empty, integers("int64", [0]), [3]))
    cases.append(sample_case("no-edges", integers("int32", [0, 0, 0]), integers("int32", []),
                             integers("int64", [1, 0, 1]), [3, -1], 1, "edge_ids replace"))
    cases.append(sample_case("one-loop", integers("int64", [0, 1]), integers("int32", [0]), integers("int32", [0]),
                             [2, 2], 1, "replace edge_ids"))
    for word, dtype, node in (("minus-one", "int64", -1), ("one-past-the-end", "int64", 10),
                              ("largest", "int64", INT64_MAX), ("smallest", "int64", INT64_MIN),
                              ("two-to-32", "int64", 2**32), ("minus-one", "int32", -1),
                              ("one-past-the-end", "int32", 10)):
        cases.append(sample_case(f"seed-node-{word}-{dtype}", *graph, integers(dtype, [0, 9, node, 1, node]), [2]))
    given = {"operation": "sample_neighbors", "indptr": graph[0], "indices": graph[1], "seeds": integers("int64", [6]),
             "fanouts": [2], "seed": "1", "flags": []}
    for word, fanouts, words in (("minus-two", [3, -2], ("fanouts[1]", "-2")),
                                 ("smallest", [str(INT64_MIN)], ("fanouts[0]",)),
                                 ("seventeen-hops", [1] * 17, ("num_hops", "17"))):
        cases.append({**given, "name": f"fanouts-{word}", "fanouts": fanouts,
                      "expect": failure("INVALID_ARGUMENT", *words)})
    for dtype in ("float64", "uint32", "uint64", "int8"):
        cases.append({**given, "name": f"seeds-of-{dtype}", "seeds": integers(dtype, [1]),
                      "expect": failure("DTYPE_MISMATCH", "seeds", dtype)})
    cases.append({**given, "name": "seeds-of-two-dimensions", "seeds": integers("int64", [1, 2], (2, 1)),
                  "expect": failure("SHAPE_MISMATCH", "seeds")})
    return cases


def large_sample_cases() -> list[Case]:
    """Given by patterns and checksums: enough edges for several threads and for every way to find a number again."""
    cases = []
    for indices_dtype, indptr_dtype in (("int64", "int32"), ("int32", "int64")):
        indptr = pattern(indptr_dtype, (20001,), 500, 41, True)
        num_edges = int(decode(indptr)[-1])
        indices = pattern(indices_dtype, (num_edges,), 501, 20000)
        edge_ids = pattern(indptr_dtype, (num_edges,), 502, 2**31 - 1)
        for flags in ("edge_ids", "replace edge_ids", "unique_seeds edge_ids", "unique_seeds replace"):
            for seeds, fanouts in ((700, [10, 4]), (3000, [3, 2]), (40, [-1, 5, 2])):
                cases.append(sample_case(
                    f"{indices_dtype}-{flags.replace(' ', '-')}-{seeds}", indptr, indices,
                    pattern(indices_dtype, (seeds,), 503 + seeds, 20000), fanouts, 99, flags,
                    edge_ids if seeds == 700 else None))
    # Nodes of many neighbours, and fan-outs where a search through the slots before is slow.
    indptr = pattern("int64", (41,), 510, 1200, True)
    num_edges = int(decode(indptr)[-1])
    indices = pattern("int64", (num_edges,), 511, 40)
    for flags in ("edge_ids", "replace edge_ids"):
        for fanout in (16, 31, 32, 33, 47, 48, 49, 64, 100, 257, 700):
            cases.append(sample_case(f"wide-{flags.replace(' ', '-')}-{fanout}", indptr, indices,
                                     pattern("int64", (40,), 512, 40), [fanout], 7, flags))
    # Few nodes among many seeds: every number is found again and again.
    cases.append(sample_case("crowded", indptr, indices, pattern("int64", (500,), 513, 40), [20, 3], 8, "edge_ids"))
    cases.append(sample_case("crowded-unique", indptr, indices, pattern("int64", (500,), 513, 40), [20, 3], 8,
                             "edge_ids unique_seeds"))
    # More nodes than a table with an entry for each is kept for.
    num_nodes = 9_000_000
    indptr = pattern("int32", (num_nodes + 1,), 520, 3, True)
    num_edges = int(decode(indptr)[-1])
    for indices_dtype, neighbors in (("int32", 4000), ("int64", num_nodes)):
        indices = pattern(indices_dtype, (num_edges,), 521, neighbors)
        cases.append(sample_case(f"many-nodes-{neighbors}", indptr, indices, pattern("int64", (25000,), 522, num_nodes),
                                 [-1, 2, 1], 10, "edge_ids unique_seeds"))
    return cases
