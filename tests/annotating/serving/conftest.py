"""A real Chromium for the tests of the page; where there is none, they are skipped."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.annotating.serving.desk import Desk, Sit
from tests.annotating.serving.site import make_project, served
from tests.chromium import CHROMIUM, FLAGS


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Debian's Chromium, headless."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def sit(browser: Browser, tmp_path: Path) -> Generator[Sit]:
    """Open the page of a new project; at the end the browser must not have complained or looked elsewhere."""
    desks: list[Desk] = []
    with ExitStack() as stack:

        def open_page(
            *project: Any, width: int = 1280, clock: bool = False, images: Sequence[str] = (), **more: Any
        ) -> Desk:
            folder = tmp_path / f"project{len(desks)}"
            make_project(folder, *project, **more)
            site = stack.enter_context(served(folder, image_hosts=images))
            context = browser.new_context(viewport={"width": width, "height": 800})
            stack.callback(context.close)
            if clock:
                context.clock.install()
            desk = Desk(site, context.new_page())
            desks.append(desk)
            desk.page.on("console", lambda message: desk.said.append(message.text))
            desk.page.on("pageerror", lambda error: desk.said.append(str(error)))
            desk.page.on("request", lambda request: desk.requests.append(request.url))
            desk.page.set_default_timeout(10_000)
            desk.page.goto(f"{site.url}in/{site.project.add_annotator('Amina')}")
            desk.press("Enter")
            desk.page.wait_for_selector("html.scripted #answer")
            return desk

        yield open_page
        for desk in desks:
            assert desk.said == [], "the browser complained"
            outside = [one for one in desk.requests if not one.startswith(desk.site.url)]
            assert outside == [], "the page asked for something elsewhere"
