"""verify.html says of every bundle what the command says: the script part under node, the page in a browser."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import whosaw_client
from whosaw_client.verify import verify_bundle

from tests.client.bundles import closed, opened
from tests.client.test_checks import FORGERIES, HOSTILE, failing
from tests.client.test_vectors import FOLDER, KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.conftest import Made

PAGE = Path(whosaw_client.__file__).parent / "verify.html"
NODE = shutil.which("node")
RUN = """
import {readFileSync} from "node:fs";
const html = readFileSync(process.argv[2], "utf8");
(0, eval)(html.slice(html.indexOf("<script>") + 8, html.lastIndexOf("</script>")));
const asked = JSON.parse(readFileSync(process.argv[3], "utf8"));
const read = path => path && new Uint8Array(readFileSync(path));
const told = {};
for (const [name, {path, since}] of Object.entries(asked.bundles)) {
  const report = await globalThis.verifyBundle(read(path), asked.key, read(since));
  told[name] = [report.verdict, [...new Set(report.checks.filter(each => !each.ok).map(each => each.code))].sort()];
}
process.stdout.write(JSON.stringify(told));
"""


def under_node(folder: Path, key: str, bundles: dict[str, dict[str, str | None]]) -> dict[str, Any]:
    """Return verdict and failing checks of each bundle, as the page's script says."""
    assert NODE is not None
    (folder / "run.mjs").write_text(RUN)
    (folder / "asked.json").write_text(json.dumps({"key": key, "bundles": bundles}))
    done = subprocess.run(
        [NODE, str(folder / "run.mjs"), str(PAGE), str(folder / "asked.json")],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.skipif(NODE is None, reason="needs node, whose WebCrypto stands for a browser's")
def test_the_page_says_of_frozen_bundles_what_was_said(tmp_path: Path) -> None:
    asked = {
        name: {"path": str(FOLDER / name), "since": str(FOLDER / known["since"]) if known["since"] else None}
        for name, known in KNOWN["bundles"].items()
    }
    expected = {name: [known["verdict"], known["failing"]] for name, known in KNOWN["bundles"].items()}
    assert under_node(tmp_path, KNOWN["key"], asked) == expected


@pytest.mark.skipif(NODE is None, reason="needs node, whose WebCrypto stands for a browser's")
def test_the_page_and_the_command_agree_on_every_forgery(made: Made, tmp_path: Path) -> None:
    bundles = {"good": made.body, "others": made.others, "alone": made.alone}
    bundles |= {name: closed(forge(opened(made.body), made)) for name, (_, forge) in FORGERIES.items()}
    bundles |= {f"zip {name}": body for name, body in HOSTILE.items()}
    bundles |= {f"flipped {place}": _flipped(made.body, place) for place in range(50, len(made.body), 4_099)}
    asked: dict[str, dict[str, str | None]] = {}
    expected: dict[str, Any] = {}
    for number, (name, body) in enumerate(bundles.items()):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(body)
        report = verify_bundle(path, made.key).json()
        expected[name] = [report["verdict"], sorted(failing(report))]
        asked[name] = {"path": str(path), "since": None}
    assert under_node(tmp_path, made.key, asked) == expected


def _flipped(body: bytes, place: int) -> bytes:
    changed = bytearray(body)
    changed[place] ^= 1
    return bytes(changed)


class Browser:
    """A page in Debian's chromium, driven through its driver."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port = port
        options = {
            "binary": shutil.which("chromium"),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={folder}",
            ],
        }  # fmt: skip
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self._session = f"/session/{self.call('POST', '/session', wanted)['sessionId']}"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()

    def do(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.call(method, self._session + path, body)

    def element(self, selector: str) -> str:
        found: dict[str, str] = self.do("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def type(self, selector: str, text: str) -> None:
        self.do("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def script(self, text: str) -> Any:
        return self.do("POST", "/execute/sync", {"script": text, "args": []})


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
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
        opened_ = Browser(port, tmp_path / "profile")
        yield opened_
        opened_.do("DELETE", "")
    finally:
        process.terminate()
        process.wait()


def test_in_a_browser_it_is_green_or_red_and_opens_no_connection(browser: Browser, tmp_path: Path) -> None:
    browser.do("POST", "/url", {"url": PAGE.as_uri()})
    browser.type("#key", KNOWN["key"])
    for name, verdict in (("good.zip", "green"), ("a-disclosure-is-not-told.zip", "red")):
        browser.type("#bundle", str(FOLDER / name))
        browser.do("POST", f"/element/{browser.element('#go')}/click")
        deadline = time.monotonic() + 20
        while browser.script("return document.getElementById('verdict').className") != verdict:
            assert time.monotonic() < deadline, browser.script("return document.getElementById('verdict').textContent")
            time.sleep(0.1)
    assert "report" in browser.script("return document.querySelector('tr.red td').textContent")
    picture = base64.b64decode(browser.do("GET", "/screenshot"))
    assert picture.startswith(b"\x89PNG")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        browser.script(f"fetch('{address}').catch(() => 0); new Image().src = '{address}'; return 0")
        with pytest.raises(TimeoutError):
            listener.accept()
