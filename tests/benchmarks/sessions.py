"""Real Streamlit sessions over WebSocket: what a browser sends, timed until the script has finished."""

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


@dataclass
class Times:
    """Milliseconds per page, first visits apart, and what ended in an exception."""

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def all(self) -> list[float]:
        return sorted(ms for spans in self.pages.values() for ms in spans)

    def percentile(self, share: float) -> float:
        spans = self.all()
        return spans[min(int(len(spans) * share), len(spans) - 1)]


async def visit(socket: websockets.ClientConnection, page: str, times: Times) -> float:
    """Go to a page (`name?query`) and return the milliseconds until its script has finished."""
    name, _, query = page.partition("?")
    message = BackMsg()
    message.rerun_script.page_name = name.strip("/")
    message.rerun_script.query_string = query
    begin = time.perf_counter()
    await socket.send(message.SerializeToString())
    started = False
    while True:
        forward = ForwardMsg()
        forward.ParseFromString(await asyncio.wait_for(socket.recv(), 60))
        kind = forward.WhichOneof("type")
        if kind == "new_session":
            started = True
        elif kind == "page_not_found":
            times.failures.append(f"{page}: there is no such page")
        elif kind == "delta" and forward.delta.new_element.WhichOneof("type") == "exception":
            times.failures.append(f"{page}: {forward.delta.new_element.exception.message[:200]}")
        elif kind == "script_finished" and started:
            return (time.perf_counter() - begin) * 1000


async def _session(
    url: str,
    cookie: str,
    pages: list[str],
    turns: int,
    think: float,
    times: Times,
    gate: asyncio.Event,
    up: asyncio.Semaphore,
) -> None:
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    headers = {"Cookie": cookie}
    async with websockets.connect(
        address,
        subprotocols=["streamlit"],
        additional_headers=headers,
        origin=url,
        max_size=None,
        compression=None,
    ) as socket:
        times.first.append(await visit(socket, pages[0], times))
        up.release()
        await gate.wait()
        await asyncio.sleep(random.random() * think)
        for turn in range(turns):
            page = pages[turn % len(pages)]
            times.pages[page].append(await visit(socket, page, times))
            await asyncio.sleep(think * (0.5 + random.random()))


async def _all(url: str, cookies: list[str], pages: list[str], turns: int, think: float) -> Times:
    times, gate, up = Times(), asyncio.Event(), asyncio.Semaphore(0)
    tasks = []
    for n, cookie in enumerate(cookies):
        turned = pages[n % len(pages) :] + pages[: n % len(pages)]
        tasks.append(asyncio.create_task(_session(url, cookie, turned, turns, think, times, gate, up)))
    for _ in cookies:
        waiting = asyncio.create_task(up.acquire())
        await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done() and task.exception():
                raise task.exception() or RuntimeError
        await waiting
    gate.set()
    await asyncio.gather(*tasks)
    return times


def drive(url: str, cookies: list[str], pages: list[str], *, turns: int, think: float) -> Times:
    """One session per cookie, each walking the pages from another one on, `turns` visits after the first."""
    return asyncio.run(_all(url, cookies, pages, turns, think))
