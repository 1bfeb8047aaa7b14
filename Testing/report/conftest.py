"""A headless Chromium for the tests of pages, and a batch folder for them to show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_pages import chromium


@pytest.fixture(scope="session")
def batch_folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five studies and a failure, as `batch` leaves them with its page; not to be changed."""
    from batch_folders import small_batch

    return small_batch(tmp_path_factory.mktemp("batch"), tiny_model)


@pytest.fixture(scope="session")
def five_hundred(batch_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 500 studies."""
    from batch_folders import repeated

    from DCMMultiTaskLib.report.batch_page import write_batch_page

    return write_batch_page(repeated(batch_folder, tmp_path_factory.mktemp("five-hundred"), 100))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium, driven by selenium; its downloads go to the folder `downloads` that it carries."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        message = f"{' and '.join(missing)} not installed: make system-packages"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    driver = chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads"))
    yield driver
    driver.quit()
