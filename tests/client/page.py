"""Drives verify.html: its script under node, whose WebCrypto stands for a browser's, and the page in a browser."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import whosaw_client

PAGE = Path(str(whosaw_client.__file__)).parent / "verify.html"
NODE = shutil.which("node")
RUN = """
import {readFileSync} from "node:fs";
import {createInterface} from "node:readline";
const html = readFileSync(process.argv[2], "utf8");
(0, eval)(html.slice(html.indexOf("<script>") + 8, html.lastIndexOf("</script>")));
const read = path => path ? new Uint8Array(readFileSync(path)) : null;
for await (const line of createInterface({input: process.stdin})) {
  const {key, bundle, since, consistency, proof, entry} = JSON.parse(line);
  let told;
  try {
    told = proof ? await verifyEntry(read(proof), read(entry), key)
      : await verifyBundle(read(bundle), key, read(since), read(consistency));
  } catch (error) { told = {wrong: error.message}; }
  process.stdout.write(JSON.stringify(told) + "\\n");
}
"""


class Node:
    """The page's script in a process of its own, which answers one question after the other."""

    def __init__(self, folder: Path) -> None:
        assert NODE is not None
        program = folder / "run.mjs"
        program.write_text(RUN)
        self._process = subprocess.Popen(
            [NODE, str(program), str(PAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def verify(self, key: str, **files: Path | None) -> dict[str, Any]:
        """Return the report on a bundle (with since and consistency), or on a proof and its entry."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {name: str(path) for name, path in files.items() if path is not None}
        self._process.stdin.write(json.dumps({"key": key} | asked) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


class Browser:
    """A page in Debian's chromium, driven through its driver."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port = port
        options = {
            "binary": shutil.which("chromium"),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=en",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={folder}",
            ],
        }  # fmt: skip
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self._session = f"/session/{self._call('POST', '/session', wanted)['sessionId']}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()

    def do(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send the driver one command of this session."""
        return self._call(method, self._session + path, body)

    def _element(self, selector: str) -> str:
        found: dict[str, str] = self.do("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{next(iter(found.values()))}"

    def type(self, selector: str, text: str) -> None:
        """Type into a field; into one for a file, its path."""
        self.do("POST", f"{self._element(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click on an element."""
        self.do("POST", f"{self._element(selector)}/click")

    def script(self, text: str, *arguments: Any) -> Any:
        """Run a script to its end and return what it returns."""
        return self.do("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def text(self, selector: str) -> str:
        """Return the text of all elements that match."""
        found: str = self.script(
            "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent).join('\\n')", selector
        )
        return found
