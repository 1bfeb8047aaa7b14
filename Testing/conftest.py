"""What the tests of several rooms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """A small network that `data/make_tiny_model.py` trained on phantoms: real masks, in a second."""
    return DATA / "tiny.dcmmodel"


@pytest.fixture(autouse=True, scope="session")
def own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pseudonyms in tests are made with a key of their own, not with the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCM_MULTITASK_KEY", str(tmp_path_factory.mktemp("key") / "pseudonyms.key"))
        yield
