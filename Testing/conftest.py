"""What the tests of several rooms share."""

from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A small network that `data/make_tiny_model.py` trained on phantoms: real masks, in a second."""
    return DATA / "tiny.dcmmodel"
