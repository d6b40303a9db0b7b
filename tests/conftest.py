"""Fixtures of the tests in a real browser; they end with their file, for Playwright's loop would disturb others."""

import shutil

import pytest
from browser import ANSWERS, FLAGS, ROOT, STARTS, browser, jupyterlab


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab on a copy of the notebooks, with a home of its own; its folder."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    with jupyterlab(home) as address:
        yield address, home


@pytest.fixture(scope="module")
def chrome():
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=FLAGS, timeout=STARTS * 1000)
        yield started
        started.close()


@pytest.fixture
def page(chrome):
    """A fresh page; sessions end with it, so that one kernel at a time is alive."""
    page = chrome.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(ANSWERS * 1000)
    page.mishaps = []
    page.on("pageerror", lambda error: page.mishaps.append(str(error)))
    yield page
    page.evaluate("async () => { await window.jupyterapp?.serviceManager.sessions.shutdownAll(); return null; }")
    page.close()
