"""PythonQt's attribute rules on PySide6 objects.

Slicer's Python sees Qt through PythonQt, not through PySide6, and the two differ in ways that matter to a module: a Qt
property is an attribute and not a function, an attribute that does not exist cannot be set, enumeration values are
flat, signals are connected by their C++ signature. This package wraps PySide6 objects so that code behaves, and fails,
as it does in Slicer.
"""

from .conversion import native, wrap
from .members import slot_errors
from .wrapper import Wrapper, wrapper_class

__all__ = ["Wrapper", "native", "slot_errors", "wrap", "wrapper_class"]
