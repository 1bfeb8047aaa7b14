"""The types of parameters: what is allowed, what a value is at first, how a parameter node keeps it."""

from __future__ import annotations

import enum
import math
import pathlib
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import slicer


class Default:
    """The value that a parameter has at first."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Validator:
    """Raises when a value is not allowed."""

    allows: Callable[[Any], bool]

    def validate(self, value: Any) -> None:
        if not self.allows(value):
            raise ValueError(f"Value {value!r} is not allowed by {type(self).__name__} {vars(self)}")


class WithinRange(Validator):
    """A number between two, ends included."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def allows(self, value: Any) -> bool:
        return bool(self.minimum <= value <= self.maximum)


class Minimum(WithinRange):
    """A number that is no less."""

    def __init__(self, minimum: float) -> None:
        super().__init__(minimum, math.inf)


class Maximum(WithinRange):
    """A number that is no more."""

    def __init__(self, maximum: float) -> None:
        super().__init__(-math.inf, maximum)


class Choice(Validator):
    """One of some values."""

    def __init__(self, choices: Sequence[Any]) -> None:
        self.choices = choices

    def allows(self, value: Any) -> bool:
        return value in self.choices


def split_annotations(annotated: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the type and its annotations, for a type that is annotated or not."""
    actual, *annotations = typing.get_args(Annotated[annotated, ""])
    return actual, tuple(annotations[:-1])


def node_types(actual: Any) -> list[type] | None:
    """Return the node classes that a type stands for, None when it stands for something else."""
    union = isinstance(actual, types.UnionType) or typing.get_origin(actual) is typing.Union
    members = [m for m in typing.get_args(actual) if m is not type(None)] if union else [actual]
    nodes = [m for m in members if isinstance(m, type) and issubclass(m, slicer.vtkMRMLNode)]
    return nodes if nodes and len(nodes) == len(members) else None


@dataclass
class Parameter:
    """One parameter: its name, its type, what is allowed, what it is at first."""

    name: str
    datatype: Any

    def __post_init__(self) -> None:
        self.actual, annotations = split_annotations(self.datatype)
        self.nodes = node_types(self.actual)
        simple = (bool, int, float, str, pathlib.Path)
        self.is_enum = isinstance(self.actual, type) and issubclass(self.actual, enum.Enum)
        if self.actual not in simple and not self.nodes and not self.is_enum:
            raise TypeError(f"The Slicer stand-in cannot keep parameters of the type {self.actual} ({self.name})")
        self.validators = [a for a in annotations if isinstance(a, Validator)]
        defaults = [a for a in annotations if isinstance(a, Default)]
        self.default = defaults[0] if defaults else Default(self._first_value())

    def _first_value(self) -> Any:
        if self.nodes:
            return None
        return next(iter(self.actual)) if self.is_enum else self.actual()

    def _check(self, value: Any) -> None:
        expected: Any = (int, float) if self.actual is float else self.actual
        if self.nodes:
            expected = (*self.nodes, type(None))
        if not isinstance(value, expected) or (self.actual in (int, float) and isinstance(value, bool)):
            raise TypeError(f"{self.name} must be of type {self.actual}, is {value!r}")
        for validator in self.validators:
            validator.validate(value)

    def write(self, node: Any, value: Any) -> None:
        """Put the value into the parameter node; raises when it is not allowed."""
        self._check(value)
        if self.nodes:
            node.SetParameter(self.name, "")  # so that None counts as a value
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, value.name if self.is_enum else str(value))

    def is_in(self, node: Any) -> bool:
        return bool(node.HasParameter(self.name))

    def read(self, node: Any) -> Any:
        """Return the value in the parameter node, which is set to the default when it is not there."""
        if not self.is_in(node):
            self.write(node, self.default.value)
        if self.nodes:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.is_enum:
            if text not in self.actual.__members__:
                raise ValueError(f"Found {text!r} in parameter node but it is not a name in {self.actual!r}")
            return self.actual[text]
        return text == "True" if self.actual is bool else self.actual(text)
