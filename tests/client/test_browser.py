"""verify.html in a real browser: green or red and where, in both languages, by keyboard, and without a connection."""

from __future__ import annotations

import base64
import http.server
import shutil
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.client.bundles import entry, opened, proof
from tests.client.page import PAGE, Browser
from tests.client.test_page import command, outcome
from tests.client.test_vectors import FOLDER, KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    if driver is None or shutil.which("chromium") is None:
        pytest.skip("needs chromium and chromedriver")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([driver, f"--port={port}", "--silent"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        opened_ = Browser(port, tmp_path_factory.mktemp("browser") / "profile")
        yield opened_
        opened_.do("DELETE", "")
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def browser(started: Browser) -> Browser:
    """The page as it is when somebody has just opened it."""
    started.do("POST", "/url", {"url": PAGE.as_uri()})
    return started


def checked(browser: Browser, kind: str) -> None:
    """Press the button and wait for an outcome of that kind."""
    browser.click("#go")
    deadline = time.monotonic() + 30
    while (found := browser.script("return document.getElementById('verdict').className")) in {"", "working"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found == kind, browser.text("#verdict")


def test_it_is_green_or_red_and_says_where(browser: Browser) -> None:
    browser.type("#key", KNOWN["key"])
    browser.type("#bundle", str(FOLDER / "good.zip"))
    checked(browser, "green")
    assert browser.text("#verdict h2") == "Green: every check came out well"
    assert len(browser.text("#passed b").split()) == 10
    assert not browser.text("#failed")
    browser.type("#bundle", str(FOLDER / "a-disclosure-is-not-told.zip"))
    assert not browser.script("return document.getElementById('verdict').checkVisibility()"), "it was of another file"
    checked(browser, "red")
    assert browser.text("#failed b") == "report"
    assert "report/account.json, disclosures" in browser.text("#failed code")
    assert "What the file claims; not proven" in browser.text("#outcome")
    browser.click("#language")
    assert browser.text("#verdict h2") == "Rouge : ne vous fiez pas à ce fichier"
    assert browser.script("return document.documentElement.lang") == "fr"
    assert base64.b64decode(browser.do("GET", "/screenshot")).startswith(b"\x89PNG")


def test_with_what_was_kept_and_with_one_entry(browser: Browser, tmp_path: Path) -> None:
    browser.type("#key", KNOWN["key"])
    browser.script("for (const each of document.querySelectorAll('details')) each.open = true")
    browser.type("#since", str(FOLDER / "older.checkpoint"))
    browser.type("#bundle", str(FOLDER / "good-since.zip"))
    checked(browser, "green")
    assert "since" in browser.text("#passed b").split()
    browser.type("#since", str(FOLDER / "newer.checkpoint"))
    checked(browser, "red")
    assert browser.text("#failed b") == "since"
    browser.do("POST", "/refresh")
    files = opened((FOLDER / "good.zip").read_bytes())
    (tmp_path / "entry").write_bytes(files[entry(1)])
    (tmp_path / "proof").write_bytes(files[proof(1)])
    browser.script("for (const each of document.querySelectorAll('details')) each.open = true")
    browser.script("document.getElementById('key').value = arguments[0]", KNOWN["key"])
    browser.type("#entry", str(tmp_path / "entry"))
    checked(browser, "wrong")
    browser.type("#proof", str(tmp_path / "proof"))
    checked(browser, "green")
    assert browser.text("#passed b").split() == ["checkpoint", "inclusion"]


def test_what_was_not_checked_is_neither_green_nor_red(browser: Browser) -> None:
    checked(browser, "wrong")
    browser.type("#bundle", str(FOLDER / "good.zip"))
    for key in ("", "x", KNOWN["key"] + "x"):
        browser.script("document.getElementById('key').value = arguments[0]", key)
        checked(browser, "wrong")
        assert browser.text("#verdict h2") == "Nothing was checked"


@pytest.mark.parametrize("broken", ["verify", "importKey"])
def test_a_browser_that_can_not_check_signatures_says_so(browser: Browser, broken: str) -> None:
    browser.script(
        "crypto.subtle[arguments[0]] = async () => { throw new DOMException('no', 'NotSupportedError'); }", broken
    )
    browser.type("#key", KNOWN["key"])
    browser.type("#bundle", str(FOLDER / "good.zip"))
    checked(browser, "wrong")
    assert "can not check Ed25519" in browser.text("#verdict")


def test_every_frozen_bundle_is_to_the_browser_what_it_is_to_the_command(browser: Browser) -> None:
    run = """
        const [text, key, since, done] = arguments;
        const bytes = text => Uint8Array.from(atob(text), each => each.charCodeAt(0));
        verifyBundle(bytes(text), key, since && bytes(since)).then(done, error => done({wrong: error.message}));
    """
    for name, known in KNOWN["bundles"].items():
        since = FOLDER / known["since"] if known["since"] else None
        kept = base64.b64encode(since.read_bytes()).decode() if since else None
        body = base64.b64encode((FOLDER / name).read_bytes()).decode()
        said = browser.do("POST", "/execute/async", {"script": run, "args": [body, KNOWN["key"], kept]})
        assert outcome(said) == outcome(command(FOLDER / name, KNOWN["key"], since)), name


def test_no_connection_is_opened_even_if_asked_for(browser: Browser) -> None:
    asked: list[str] = []
    page = PAGE.read_text(encoding="utf-8")
    pages = {"/page": page, "/page-without-policy": page.replace("Content-Security-Policy", "No-Policy")}

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names them
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        for path, kinds in (("/page", set[str]()), ("/page-without-policy", {"/fetch", "/image", "/script", "/style"})):
            browser.do("POST", "/url", {"url": address + path})
            asked.clear()
            browser.script("""
                fetch("/fetch").catch(() => 0); new Image().src = "/image";
                const script = document.createElement("script"); script.src = "/script"; document.body.append(script);
                const style = document.createElement("link"); style.rel = "stylesheet"; style.href = "/style";
                document.head.append(style);
            """)
            deadline = time.monotonic() + (10 if kinds else 1)
            while not (kinds and kinds <= set(asked)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert set(asked) - {"/favicon.ico"} == kinds, path
        server.shutdown()
