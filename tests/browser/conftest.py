"""A running centre and a headless Chromium (Debian's) that notes whatever a page should not do."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.browser.centre import Centre

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """A page, and what it did that it should not: CSP violations, errors, requests to another host."""

    page: Page
    host: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._request)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("console", lambda message: self._console(message.type, message.text))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != self.host:
            self.faults.append(f"request to {request.url}")

    def _console(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.faults.append(f"{kind}: {text}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Without the simulator: every value is missing until a test publishes it."""
    made = Centre(tmp_path_factory.mktemp("centre"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def session(chromium: Browser, centre: Centre) -> Iterator[BrowserContext]:
    """Logged in as the first administrator."""
    context = chromium.new_context(viewport={"width": 1920, "height": 1080}, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{centre.web}/login")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", centre.password)
    page.click("main button")
    page.wait_for_url(f"{centre.web}/")
    page.close()
    yield context
    context.close()


@pytest.fixture
def watched(session: BrowserContext, centre: Centre) -> Iterator[Watched]:
    """A new page; the test fails when the page did what it should not."""
    page = session.new_page()
    watching = Watched(page, urlsplit(centre.web).netloc)
    yield watching
    page.close()
    assert watching.faults == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return tmp_path
