"""The README's story, by a person's means alone: the program as documented, a browser, and what is on the pages."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
]


@pytest.fixture
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "bot", "playground", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    assert process.returncode == 0


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1280,800",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def wait_for_text(browser: webdriver.Chrome, text: str, seconds: float = 30) -> None:
    WebDriverWait(browser, seconds, ignored_exceptions=[StaleElementReferenceException]).until(
        lambda driver: text in driver.find_element(By.TAG_NAME, "body").text,
        f"{text!r} does not appear",
    )


def say(browser: webdriver.Chrome, text: str) -> None:
    box = browser.find_element(By.CSS_SELECTOR, "#composer textarea")
    box.send_keys(text)
    box.send_keys(Keys.ESCAPE)
    box.send_keys(Keys.ENTER)


def look_into_thread(browser: webdriver.Chrome, number: int) -> None:
    """Open the channel's thread of this number, from 1, once it is there."""

    def threads(driver: webdriver.Chrome) -> list[WebElement]:
        return driver.find_elements(By.CSS_SELECTOR, "#messages .replies")

    WebDriverWait(browser, 30).until(lambda driver: len(threads(driver)) >= number)
    threads(browser)[number - 1].click()


def photograph(browser: webdriver.Chrome, folder: Path, name: str) -> None:
    browser.save_screenshot(str(folder / f"{name}.png"))


def press(browser: webdriver.Chrome, label: str) -> None:
    browser.find_element(By.XPATH, f"//button[normalize-space()='{label}']").click()


@pytest.mark.timeout(180)
def test_promote_to_healthy_see_one_rolled_back_and_roll_back(
    address: str, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    base = address.partition("/?")[0]
    browser.get(address)
    say(browser, "@Quarterdeck promote payment v1.3.0 to prod")
    look_into_thread(browser, 1)
    wait_for_text(browser, "Pull request #1 is open")
    photograph(browser, tmp_path, "promoted")
    say(browser, "@Quarterdeck promote worker v0.9.2-crash to staging")  # what comes of it is looked at in the end

    browser.get(f"{base}/github/acme/gitops/pull/1")
    wait_for_text(browser, "newTag: v1.3.0")
    photograph(browser, tmp_path, "pull")
    press(browser, "Approve")
    wait_for_text(browser, " approved")
    press(browser, "Merge")
    wait_for_text(browser, "Merged")

    browser.get(f"{base}/clusters/")
    WebDriverWait(browser, 30).until(lambda driver: driver.find_element(By.TAG_NAME, "body").text.count("v1.3.0") >= 2)
    photograph(browser, tmp_path, "clusters")

    browser.get(base)
    look_into_thread(browser, 1)
    wait_for_text(browser, "Healthy. @Ana Ulm payment is at v1.3.0 in production, healthy", 60)
    photograph(browser, tmp_path, "healthy")

    look_into_thread(browser, 2)
    wait_for_text(browser, "panic: migration 42 failed", 60)
    wait_for_text(browser, "worker is back at v0.9.1 in staging, healthy", 60)
    photograph(browser, tmp_path, "rolled-back")

    say(browser, "@Quarterdeck rollback payment")
    look_into_thread(browser, 3)
    wait_for_text(browser, "Pull request #2 is open")
    browser.get(f"{base}/github/acme/gitops/pull/2")
    wait_for_text(browser, "newTag: v1.2.0")
    photograph(browser, tmp_path, "rollback")
