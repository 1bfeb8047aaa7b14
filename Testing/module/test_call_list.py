"""The list of what the module uses of Slicer leaves nothing out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_name_that_the_module_uses_is_listed_with_the_file_that_declares_it() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    from list_calls import NOT_FOUND, names_used

    text = (ROOT / "Documentation" / "slicer-calls.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", text, re.M))
    used = names_used()
    assert len(used) > 200, "the code was read"
    assert set(used) == set(listed), "run Testing/module/list_calls.py with checkouts of Slicer and CTK"
    assert not [name for name, where in listed.items() if where == NOT_FOUND]
