"""Pages in headless Chromium: opening them, and what they show."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


def chromium(profile: Path, downloads: Path) -> Any:
    """A driver of Chromium with an empty profile; it keeps the messages of the console."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))
    driver.downloads = downloads
    return driver


class Page:
    """A report in the browser, as its reader meets it: without notes of earlier readers.

    Args:
        driver: The browser.
        path: The page's file.
        width, height: Of the window, in CSS pixels.
        dark: What the reader's system prefers.
    """

    def __init__(self, driver: Any, path: Path, *, width: int = 1440, height: int = 900, dark: bool = False) -> None:
        self.driver = driver
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.get(path.as_uri())
        self.run("localStorage.clear()")
        driver.refresh()

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script says."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> list[Any]:
        """The elements that are shown."""
        return [found for found in self.driver.find_elements("css selector", selector) if found.is_displayed()]

    def one(self, selector: str) -> Any:
        """The only one of them."""
        (found,) = self.find(selector)
        return found

    def click(self, selector: str) -> None:
        """Click on the only element."""
        self.one(selector).click()

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def column(self, name: str) -> list[str]:
        """The texts of a column, in the rows' order."""
        script = "return [...document.querySelectorAll(arguments[0])].map(cell => cell.innerText.trim())"
        return self.run(script, f"#studies tbody td.{name}")

    def errors(self) -> list[str]:
        """What the browser complains about, scripts that were refused included."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def wait(self, until: Callable[[], Any], seconds: float = 60) -> Any:
        """The first true value."""
        end = time.monotonic() + seconds
        while not (value := until()):
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.05)
        return value
