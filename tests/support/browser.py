# SPDX-License-Identifier: MIT
"""A headless Chromium for tests, driven through chromedriver.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8080/demo/")
        browser.wait_until("window.penstock.currentTime > 1", timeout=20)
        browser.screenshot("/tmp/player.png")

Each Browser has a profile of its own in a temporary folder that goes away with
it. Waiting is always for a condition, never for a time. Run it with the
system's Python: the selenium package comes from the distribution.
"""

import json
import shutil
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)

# How often a condition is looked at. The page is asked; nothing is assumed
# from the time that has passed.
POLL_S = 0.1


class BrowserTimeout(AssertionError):
    """A condition did not come true in time; the text says what was seen."""


def available():
    """True when Chromium and chromedriver are installed."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """One Chromium with one tab."""

    def __init__(self, width=1280, height=800, dark=False, flags=()):
        self._profile = tempfile.mkdtemp(prefix="penstock-browser-")
        options = Options()
        options.binary_location = shutil.which("chromium") or "chromium"
        for flag in FLAGS + tuple(flags):
            options.add_argument(flag)
        if dark:
            options.add_argument("--force-dark-mode")
            options.add_argument("--blink-settings=preferredColorScheme=0")
        options.add_argument(f"--window-size={width},{height}")
        options.add_argument(f"--user-data-dir={self._profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver") or "chromedriver")
        try:
            self.driver = webdriver.Chrome(service=service, options=options)
        except BaseException:
            shutil.rmtree(self._profile, ignore_errors=True)
            raise
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Ends the browser and forgets its profile. May be called twice."""
        if self.driver is not None:
            try:
                self.driver.quit()
            except WebDriverException:
                pass
            self.driver = None
        shutil.rmtree(self._profile, ignore_errors=True)

    def set_size(self, width, height):
        """Size of the page, not of the window, so that narrow pages work."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1,
             "mobile": width < 600},
        )

    def open(self, url):
        """Loads a page and returns when its load event has fired."""
        self.driver.get(url)

    def evaluate(self, expression):
        """Value of a JavaScript expression; JSON types only."""
        return self.driver.execute_script(f"return ({expression});")

    def run(self, body, *args):
        """Runs a function body; its arguments are arguments[0], ..."""
        return self.driver.execute_script(body, *args)

    def wait_until(self, predicate, timeout=20, message=""):
        """Waits until the expression is truthy and returns its value.

        An expression that throws (the object is not there yet) counts as
        false; the last error is in the message of BrowserTimeout."""
        deadline = time.monotonic() + timeout
        last = None
        while True:
            try:
                last = self.evaluate(predicate)
                if last:
                    return last
            except JavascriptException as error:
                last = (error.msg or "").splitlines()[0]
            if time.monotonic() >= deadline:
                raise BrowserTimeout(
                    f"{message or predicate}: not true within {timeout} s; "
                    f"last seen {json.dumps(last, default=str)}; "
                    f"url {self.driver.current_url}; console {self.console()}"
                )
            time.sleep(POLL_S)

    def console(self):
        """Messages of the console since the last call, as 'LEVEL text'."""
        return [f"{entry['level']} {entry['message']}"
                for entry in self.driver.get_log("browser")]

    def errors(self):
        """Errors of the console since the last call."""
        return [line for line in self.console() if line.startswith("SEVERE")]

    def screenshot(self, path):
        """Writes a PNG of the visible page and returns the path."""
        self.driver.save_screenshot(str(path))
        return path
