"""A load generator: keep-alive HTTP/1.1 over raw sockets, in a process of its own, so that it costs little.

    python -m bench.load HOST PORT CLIENTS SECONDS BATCH KEY FIRST

Each client sends the next request when the answer to the last one is there. Prints one JSON line: answers of 2xx,
others, and seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count, islice

import orjson

from bench.event import event

CUSTOMERS = 20_000
RECIPIENTS = 15
ID, CUSTOMER = 777_777_777_777, 888_888_888
"""Stand where an event's own numbers go, so that making an event costs next to nothing beside the server's work."""


def templates() -> list[bytes]:
    """Return the bytes of events with two blanks, the id's twelve digits and the customer's number."""
    made = [orjson.dumps(event(ID - ID % RECIPIENTS + each, CUSTOMER)) for each in range(RECIPIENTS)]
    return [
        each.replace(b"%", b"%%")
        .replace(b"%012d" % (ID - ID % RECIPIENTS + index), b"%012d")
        .replace(b"%d" % CUSTOMER, b"%d")
        for index, each in enumerate(made)
    ]


TEMPLATES = templates()


class Client:
    """One connection."""

    def __init__(self, head: bytes, batch: int, numbers: count[int], until: float) -> None:
        self._head = head
        self._batch = batch
        self._numbers = numbers
        self._until = until
        self.good = self.bad = 0

    def _request(self) -> bytes:
        numbers = islice(self._numbers, self._batch)
        body = b",".join([TEMPLATES[number % RECIPIENTS] % (number, number % CUSTOMERS) for number in numbers])
        if self._batch > 1:
            body = b"[%b]" % body
        return self._head + b"%d\r\n\r\n" % len(body) + body

    async def run(self, host: str, port: int) -> None:
        """Send until the time is over."""
        reader, writer = await asyncio.open_connection(host, port)
        while time.monotonic() < self._until:
            writer.write(self._request())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                self.good += 1
            else:
                self.bad += 1
        writer.close()


async def load(
    host: str, port: int, clients: int, seconds: float, batch: int, key: str, first: int
) -> dict[str, float]:
    """Run all clients and return what came back."""
    kind = "application/cloudevents-batch+json" if batch > 1 else "application/cloudevents+json"
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: "
    ).encode()
    numbers = count(first)
    started = time.monotonic()
    everyone = [Client(head, batch, numbers, started + seconds) for _ in range(clients)]
    await asyncio.gather(*(client.run(host, port) for client in everyone))
    return {
        "good": sum(client.good for client in everyone),
        "bad": sum(client.bad for client in everyone),
        "seconds": time.monotonic() - started,
    }


if __name__ == "__main__":
    host, port, clients, seconds, batch, key, first = sys.argv[1:]
    outcome = asyncio.run(load(host, int(port), int(clients), float(seconds), int(batch), key, int(first)))
    sys.stdout.write(json.dumps(outcome) + "\n")
