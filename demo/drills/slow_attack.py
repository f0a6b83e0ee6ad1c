"""The attack of the drill ``slow-clients``, as a program: ``python -m demo.drills.slow_attack PORT EACH``.

It keeps EACH slow bodies, EACH slow headers and EACH silent connections open to 127.0.0.1, opens each again that the
server closes, and prints one line of JSON for each line that it reads: how many are open, how many were ended.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter

RATE = 20  # bytes a second
BEGINNINGS = {
    "bodies": b"POST /user/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n",
    "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "idle": b"",
}


class Attack:
    def __init__(self, port: int) -> None:
        self.port = port
        self.open: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    async def hold(self, kind: str) -> None:
        """One connection of this kind, again and again."""
        await asyncio.sleep(random.random())
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.2)
                continue
            self.open[kind] += 1
            try:
                await self.trickle(kind, reader, writer)
            except OSError:
                pass
            finally:
                self.open[kind] -= 1
                self.ended[kind] += 1
                writer.close()

    async def trickle(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = asyncio.ensure_future(reader.read(1))
        writer.write(BEGINNINGS[kind])
        while not answered.done():
            await asyncio.wait([answered], timeout=1)
            if kind != "idle" and not answered.done():
                writer.write(b"x" * RATE)

    async def report(self) -> None:
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            sys.stdout.write(json.dumps({"open": self.open, "ended": self.ended}) + "\n")
            sys.stdout.flush()

    async def run(self, each: int) -> None:
        holding = [asyncio.ensure_future(self.hold(kind)) for kind in BEGINNINGS for _ in range(each)]
        await self.report()
        for task in holding:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(Attack(int(sys.argv[1])).run(int(sys.argv[2])))
