"""A load generator: keep-alive HTTP/1.1 without a client library, in a process of its own, so that it costs little.

    python -m bench.load HOST PORT CLIENTS SECONDS BATCH KEY FIRST

Each client sends the next request when the answer to the last one is there. Prints one JSON line: answers of 2xx,
others, seconds, and how much of a processor it took itself: near 1, it is the generator that was measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count, islice
from typing import cast

import orjson
import uvloop

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


class Client(asyncio.Protocol):
    """One connection. It reads what its own server writes, no more: one answer a request, with its length."""

    def __init__(self, head: bytes, batch: int, numbers: count[int], until: float) -> None:
        self._head = head
        self._batch = batch
        self._numbers = numbers
        self._until = until
        self._answer = b""
        self._length = 0
        self.good = self.bad = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request())

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, send the next request, until the time is over."""
        self._answer = self._answer + data if self._answer else data
        if not self._length:
            head, end, _ = self._answer.partition(b"\r\n\r\n")
            if not end:
                return
            self._length = len(head) + len(end) + int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(self._answer) < self._length:
            return
        if self._answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self.good += 1
        else:
            self.bad += 1
        self._answer, self._length = b"", 0
        if time.monotonic() < self._until:
            self._transport.write(self._request())
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; a connection that the server closed is a bad answer."""
        if exc is not None or not self._transport.is_closing() or time.monotonic() < self._until:
            self.bad += 1
        self.done.set_result(None)

    def _request(self) -> bytes:
        numbers = islice(self._numbers, self._batch)
        body = b",".join([TEMPLATES[number % RECIPIENTS] % (number, number % CUSTOMERS) for number in numbers])
        if self._batch > 1:
            body = b"[%b]" % body
        return self._head + b"%d\r\n\r\n" % len(body) + body


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
    loop = asyncio.get_running_loop()
    started, busy = time.monotonic(), time.process_time()
    everyone = [Client(head, batch, numbers, started + seconds) for _ in range(clients)]
    for client in everyone:
        await loop.create_connection(lambda mine=client: mine, host, port)
    for client in everyone:
        await client.done
    taken = time.monotonic() - started
    return {
        "good": sum(client.good for client in everyone),
        "bad": sum(client.bad for client in everyone),
        "seconds": taken,
        "processor": (time.process_time() - busy) / taken,
    }


if __name__ == "__main__":
    host, port, clients, seconds, batch, key, first = sys.argv[1:]
    outcome = uvloop.run(load(host, int(port), int(clients), float(seconds), int(batch), key, int(first)))
    sys.stdout.write(json.dumps(outcome) + "\n")
