"""A headless Chromium to look at pages with, and a count of what held of them."""

import contextlib
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

passed, failed = 0, 0


def check(holds, words):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print(f"FAILED: {words}", file=sys.stderr)
    return bool(holds)


def finish():
    """Says how many checks held, and ends with 1 where one did not."""
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


@contextlib.contextmanager
def browser(width=1400, height=1000):
    options = webdriver.ChromeOptions()
    # Root has no sandbox, and containers have little /dev/shm.
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        yield driver
    finally:
        driver.quit()


def dress(driver, width=1400, height=1000, dark=False, ratio=1):
    """A window of that size, on a light or dark system."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "", "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]},
    )
    metrics = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def whole_height(driver):
    return driver.execute_script("return Math.ceil(document.documentElement.scrollHeight)")


def settle(driver):
    """Waits for two frames: one to draw, one to show."""
    driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def complaints(driver):
    """What the console has said since the last time: errors, and what the page's policy forbids."""
    return [entry["message"] for entry in driver.get_log("browser")]


def spill(driver):
    """Pixels by which the page is wider than its window."""
    return driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
