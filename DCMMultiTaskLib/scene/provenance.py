"""Where a result comes from, as attributes of its nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from DCMMultiTaskLib.inference.files import summary
from DCMMultiTaskLib.inference.result import Result

PREFIX = "DCMMultiTask."


def stamp(node: Any, attributes: dict[str, str]) -> None:
    """Replace the node's attributes of an earlier result by these."""
    for name in node_attributes(node):
        node.RemoveAttribute(PREFIX + name)
    for name, value in attributes.items():
        node.SetAttribute(PREFIX + name, value)


def attributes_of(result: Result) -> dict[str, str]:
    """What `NAME_summary.json` says, each value as text (JSON where it is not text already)."""
    facts = {
        **{name: value for name, value in summary(result).items() if name not in ("name", "files")},
        "dcm_probability": float(result.dcm_probability),
        "dcm_class": int(result.dcm_class),
        "slice_axis": "IJK"[result.slice_axis],
    }
    return {name: value if isinstance(value, str) else json.dumps(value, default=str) for name, value in facts.items()}


def node_attributes(node: Any) -> dict[str, str]:
    """What `stamp` wrote on a node, without the prefix; empty for a node that holds no result."""
    names: Sequence[str] = node.GetAttributeNames()
    return {name[len(PREFIX) :]: node.GetAttribute(name) for name in names if name.startswith(PREFIX)}


def facts_of(node: Any) -> dict[str, Any]:
    """What `stamp` wrote on a node, as it was before it became text."""
    return {name: _value(text) for name, text in node_attributes(node).items()}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
