"""Bundles for tests: opened, changed and closed again, with every digest and check sum made right anew."""

from __future__ import annotations

import io
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], None]

EPOCH = (1980, 1, 1, 0, 0, 0)


def opened(body: bytes) -> dict[str, bytes]:
    """Return the files of a bundle by path."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def closed(files: dict[str, bytes], *, relist: bool = True, manifest: bytes | None = None) -> bytes:
    """Return a bundle of files; with `relist` the manifest names what is there, as a forger would have it."""
    files = dict(files)
    listing = files.pop("manifest.json")
    if relist and manifest is None:
        document = orjson.loads(listing)
        document["files"] = [
            {"path": path, "bytes": len(content), "sha256": sha256(content).hexdigest()}
            for path, content in sorted(files.items())
        ]
        listing = orjson.dumps(document)
    listing = listing if manifest is None else manifest
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in ("manifest.json", *sorted(files)):
            info = zipfile.ZipInfo(path, EPOCH)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, listing if path == "manifest.json" else files[path])
    return out.getvalue()


def edited(files: dict[str, bytes], path: str, change: Change) -> dict[str, bytes]:
    """Return the files with a JSON one changed."""
    document = orjson.loads(files[path])
    change(document)
    return files | {path: orjson.dumps(document)}


def without(files: dict[str, bytes], *paths: str) -> dict[str, bytes]:
    """Return the files without some of them."""
    return {path: content for path, content in files.items() if path not in paths}


def entry(position: int) -> str:
    """Return an entry's path."""
    return f"logs/0/entries/{position:012d}.json"


def proof(position: int) -> str:
    """Return its proof's path."""
    return f"logs/0/proofs/{position:012d}.tlog-proof"


def counted(files: dict[str, bytes], own: int = 0) -> dict[str, bytes]:
    """Return the files with the manifest's counts as a forger would set them."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["logs"][0]["entries"] = sum("/entries/" in path for path in files)
        manifest["streams"][0]["entries"] -= own

    return edited(files, "manifest.json", change)
