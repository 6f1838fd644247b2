"""The ASGI application: pages, REST interface and entrance behind one guard, with the workers beside it."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path

import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from streamlit import config

from app import memory, scoring, wiring
from app.addresses import Addresses, is_loopback
from app.compression import Packed
from app.doors import Doors
from app.downloads import Downloads
from app.guard import TRUSTED_HEADERS, Guard
from app.index_page import IndexPage
from app.prometheus import Prometheus
from app.sharing import Shared
from app.sign_in import SignIn
from app.supervisor import Supervisor
from app.ui.failure import on_script_error
from app.wiring import open_store
from core.decisions.releases import publishing as releases
from core.errors import Conflict, Invalid
from core.i18n import N_, _
from core.platform.access import commands, queries, ways_in
from core.platform.access.sessions import Purpose
from core.platform.jobs import queries as jobs
from core.platform.store import SYSTEM, Store
from core.platform.store import migrate as migrations
from core.settings import LOOPBACK_NAMES, Settings

log = logging.getLogger("aval.server")
HERE = Path(__file__).parent
MAIN = HERE / "main.py"


def create_app(settings: Settings, *, demo: bool, store: Store | None = None) -> st.App:
    """Build the application over a store that is migrated and claimed.

    Raise `Invalid` where the settings would carry passwords over plain HTTP, `Conflict` for the demo over a store
    that is not the demo's.
    """
    addresses = Addresses.of(settings)
    store = store or open_store(settings)
    if demo:
        _only_for_demo(settings, store)
    _configure_streamlit(settings)
    doors = Doors(store)
    supervisor = Supervisor(settings, int(settings.workers))
    health = Health(store, demo=demo, workers=int(settings.workers))

    @asynccontextmanager
    async def lifespan(_app: st.App) -> AsyncIterator[None]:
        await supervisor.start()
        memory.settle()
        try:
            yield
        finally:
            await supervisor.stop()
            await to_thread.run_sync(scoring.close)
            store.close()

    return st.App(
        MAIN,
        lifespan=lifespan,
        routes=[
            Route("/healthz", health.answer, methods=["GET", "HEAD"]),
            *SignIn(store, doors, addresses, demo=demo).routes(),
            *Downloads(store).routes(),
            *Shared(store).routes(),
            *Prometheus(store).routes(),
            Mount("/assets", StaticFiles(directory=HERE / "static")),
            Mount("/api", memory.OnFirstCall(_api)),
        ],
        middleware=[
            Middleware(Guard, doors=doors, addresses=addresses),
            Middleware(Packed),
            Middleware(IndexPage),
        ],
        on_script_error=on_script_error,
    )


class Health:
    """Whether the installation can do its work: 200 only when migrated, seeded and a worker listens."""

    def __init__(self, store: Store, *, demo: bool, workers: int) -> None:
        self._store = store
        self._demo = demo
        self._workers = workers

    async def answer(self, _request: Request) -> JSONResponse:
        """Answer for a probe, without a token and without detail worth hiding."""
        reason = await to_thread.run_sync(self.reason)
        body = {"status": "ready"} if not reason else {"status": "not ready", "reason": reason}
        return JSONResponse(body, 503 if reason else 200, headers={"cache-control": "no-store"})

    def reason(self) -> str:
        """Return why not, or nothing."""
        try:
            if not migrations.is_current(self._store.engine):
                return "not migrated"
            with self._store.reading() as view:
                if self._demo and queries.nobody_yet(view):
                    return "not seeded"
                if self._workers and not jobs.alive(view, self._store.clock()):
                    return "no worker"
        except Exception:
            log.warning("health", exc_info=True)
            return "store unavailable"
        return ""


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Migrate, claim the store, print the set-up link where nobody has an account, and serve until told to stop."""
    memory.spare()
    store = prepare(settings, demo=demo)
    application = create_app(settings, demo=demo, store=store)
    link = first_link(store, settings)
    if link:
        print(_("Nobody has an account yet. Set Aval up within the hour at {link}", link=link), flush=True)  # noqa: T201 - the terminal is where this belongs
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host=settings.host,
            port=int(settings.port),
            ws="websockets-sansio",
            ws_max_size=64 * 2**20,
            ws_ping_interval=30,
            ws_ping_timeout=30,
            ws_per_message_deflate=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=64 * 1024,
            proxy_headers=bool(settings.public_url),
        )
    )
    server.run()


def prepare(settings: Settings, *, demo: bool) -> Store:
    """Make this process's store ready: migrated, claimed as the demo's or one's own, with policies."""
    Addresses.of(settings)
    for each in fields(settings):
        value = getattr(settings, each.name)
        if value:
            os.environ[f"AVAL_{each.name.upper()}"] = value
    store = wiring.store()
    migrations.upgrade(store.engine)
    store.files.sweep()
    with store.reading() as view:
        kind = queries.house(view)
    if kind is None or demo:
        with store.unit_of_work(SYSTEM) as uow:
            commands.claim_house(uow, "demo" if demo else "own")
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
    return store


def first_link(store: Store, settings: Settings) -> str:
    """Return the one-time set-up link while nobody has an account, else nothing."""
    with store.reading() as view:
        if not queries.nobody_yet(view) or queries.house(view) != "own":
            return ""
    with store.unit_of_work(SYSTEM) as uow:
        ticket = ways_in.issue_ticket(uow, Purpose.SET_UP, queries.HOUSE)
    base = settings.public_url.rstrip("/") or f"http://{_shown(settings.host)}:{settings.port}"
    return f"{base}/set-up?ticket={ticket}"


def _only_for_demo(settings: Settings, store: Store) -> None:
    with store.reading() as view:
        kind = queries.house(view)
    if kind != "demo":
        raise Conflict(
            "house.other",
            N_("This store does not belong to the demo."),
            fix=N_("Give the demo a folder of its own, with --folder; your store is never touched by it."),
        )
    if not is_loopback(settings.host) or settings.public_url:
        raise Invalid(
            "demo.outside",
            N_("The demo is served on this machine only."),
            fix=N_("Leave AVAL_HOST and AVAL_PUBLIC_URL unset for the demo."),
        )


def _configure_streamlit(settings: Settings) -> None:
    host = settings.public_url.split("://")[-1].split("/")[0].split(":")[0]
    hosts = [*sorted(LOOPBACK_NAMES), *([host] if host else [])]
    config._main_script_path = str(MAIN)  # noqa: SLF001 - as `streamlit run` does, so config.toml is found
    config.get_config_options(force_reparse=True)
    config.set_option("server.trustedUserHeaders", TRUSTED_HEADERS)
    # With bare IP numbers allowed the guard alone judges the host: Streamlit knows no pattern for them.
    config.set_option("server.allowedHosts", hosts if not Addresses.of(settings).plain else ["*"])
    config.set_option("server.port", int(settings.port))
    config.set_option("server.address", settings.host)
    config.set_option("browser.serverAddress", host or "localhost")
    config.set_option("browser.serverPort", int(settings.port))


def _api() -> ASGIApp:
    from app.api.application import create  # noqa: PLC0415 - FastAPI loads with the first request

    return create()


def _shown(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - named, not bound
