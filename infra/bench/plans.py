"""What a plan of PostgreSQL gives away: rows read or sorted beyond the page."""

from collections.abc import Iterator
from typing import Any


def faults(node: dict[str, Any], *, short: frozenset[str] = frozenset(), under_limit: bool = False) -> Iterator[str]:
    """Below a Limit of a plan (`explain (format json)`): sequential scans, indexes without condition, and sorts of more
    than a few pages. Lists of the tables `short` may be sorted: theirs never grow long."""
    kind = node["Node Type"]
    limit = under_limit or kind == "Limit"
    is_sort = kind in ("Sort", "Incremental Sort")
    if under_limit and is_sort and not all(map(_pages, node["Plans"])) and not _tables(node) <= short:
        yield f"{kind} by {', '.join(node['Sort Key'])}"
    if under_limit and kind == "Seq Scan":
        yield f"Seq Scan on {node['Relation Name']}"
    if under_limit and kind.startswith("Index") and "Index Cond" not in node:
        yield f"{kind} of {node['Index Name']} without a condition"
    for child in node.get("Plans", ()):
        yield from faults(child, short=short, under_limit=limit)


def _tables(node: dict[str, Any]) -> set[str]:
    below = set().union(*map(_tables, node.get("Plans", ())))
    return below | ({node["Relation Name"]} if "Relation Name" in node else set())


def _pages(node: dict[str, Any]) -> bool:
    """Whether the rows are a few pages put together (of each workspace, of each range), or given with the request."""
    below = [child for child in node.get("Plans", ()) if child["Parent Relationship"] != "InitPlan"]
    if node["Node Type"] in ("Limit", "Function Scan"):
        return True
    if node["Node Type"] == "Nested Loop":
        return _pages(below[1])
    return node["Node Type"] in ("Append", "Subquery Scan", "Merge Append", "Result") and all(map(_pages, below))
