"""Knock at an endpoint: one request to one address that was judged first, within ten seconds in all, never redirected."""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from ipaddress import ip_address

import httpx

from core.platform.notices import signature, smtp
from core.platform.notices.address import Address, Network, Target, literal, objection, target
from core.platform.notices.carrying import Parcel
from core.platform.notices.delivery import Knock
from core.platform.notices.shapes import Shape, written

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 10.0
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Ask the system where a name leads; nothing for a name it does not know."""
    spelled = literal(host)
    if spelled is not None:
        return (spelled,)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(ip_address(str(entry[4][0]).split("%", 1)[0]) for entry in found))


async def knock(
    parcel: Parcel,
    networks: Sequence[Network],
    moment: datetime,
    *,
    root: str = "",
    office: smtp.Office | None = None,
    resolve: Resolve = resolve,
) -> Knock:
    """Send a message and say how it went. The answer's status is all that is read of it.

    `root` is the address people type, for links; `office` is the mail server.
    """
    if parcel.shape is Shape.MAIL:
        return await asyncio.to_thread(smtp.send, parcel.url, parcel.body, parcel.message_id, office)
    began = time.monotonic()
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            return await _knock(parcel, networks, moment, root, resolve, began)
    except TimeoutError:
        return Knock(None, _since(began), "timeout")


async def _knock(
    parcel: Parcel, networks: Sequence[Network], moment: datetime, root: str, resolve: Resolve, began: float
) -> Knock:
    if parcel.secret is None:
        return Knock(None, 0, "no_secret")
    place = target(parcel.url)
    addresses = await resolve(place.host, place.port)
    problem = objection(place.scheme, addresses, networks)
    if problem:
        return Knock(None, _since(began), problem)
    headers = {
        "content-type": "application/json",
        "user-agent": "Aval-Webhook/1",
        "host": place.authority,
    }
    body = written(parcel.shape, parcel.body, parcel.language, root)
    if parcel.shape is Shape.SIGNED:
        headers |= signature.headers(parcel.secret, parcel.message_id, moment, body)
    try:
        status, retry_after = await _post(place, addresses[0], headers, body)
    except httpx.HTTPError as error:
        return Knock(None, _since(began), _problem(error))
    problem = "" if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
    return Knock(status, _since(began), problem, retry_after)


async def _post(
    place: Target, address: Address, headers: dict[str, str], body: bytes
) -> tuple[int, float | None]:
    """Speak to the very address that was judged: the name is not resolved a second time."""
    at = f"[{address}]" if address.version == 6 else str(address)
    limit = httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS)
    verify: ssl.SSLContext | bool = httpx.create_ssl_context() if place.scheme == "https" else False
    async with (
        httpx.AsyncClient(verify=verify, trust_env=False, follow_redirects=False, timeout=limit) as client,
        client.stream(
            "POST",
            f"{place.scheme}://{at}:{place.port}{place.path}",
            headers=headers,
            content=body,
            extensions={"sni_hostname": place.host},
        ) as answer,
    ):
        return answer.status_code, _seconds(answer.headers.get("retry-after", ""))


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _problem(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if not isinstance(error, httpx.ConnectError):
        return "broken"
    return "tls" if _is_tls(error) else "unreachable"


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
