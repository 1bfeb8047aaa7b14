"""How Slicer runs a unit test: by name, from a folder, an exception meaning failure."""

from __future__ import annotations

import sys
import unittest


def exitSuccess() -> None:
    """Return: the end of the script is success."""


def exitFailure(message: str = "") -> None:
    """Fail the script that called."""
    raise Exception(message)


def runUnitTest(path: str | list[str], testname: str) -> None:
    """Run the unit test module ``testname`` that lies in ``path``."""
    sys.path.extend([path] if isinstance(path, str) else path)
    suite = unittest.defaultTestLoader.loadTestsFromName(testname)
    if suite.countTestCases() == 0:
        exitFailure(f"{testname} has no tests")
    if not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
        exitFailure(f"{testname} failed")
