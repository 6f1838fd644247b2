"""The ways in and out, as plain pages without script: sign-in, demo entry, first set-up, invitation, sign-out.

A provider of identities (OIDC) ends in the same place: `_enter` with the key of a new session.
"""

import secrets as random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.addresses import Addresses, is_loopback
from app.doors import Doors
from app.guard import KEY_STATE, SESSION_STATE
from app.templates import render
from core import i18n
from core.errors import AvalError, Invalid, Refused, TooLarge
from core.i18n import LANGUAGES, N_, _
from core.platform.access import commands, passwords, queries, sign_in, ways_in
from core.platform.access.permissions import ROLE_NAMES, Role
from core.platform.access.sessions import ABSOLUTE, Open, Purpose
from core.platform.store import SYSTEM, Store

LARGEST_FORM = 16 * 1024
CSRF = "csrf"


@dataclass(frozen=True)
class _Form:
    """What was sent, and the language it is answered in."""

    fields: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


class SignIn:
    """The routes, over one store; `demo` adds one-click entry."""

    def __init__(self, store: Store, doors: Doors, addresses: Addresses, *, demo: bool) -> None:
        self._store = store
        self._doors = doors
        self._addresses = addresses
        self._demo = demo

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root."""
        return [
            Route("/sign-in", self._guarded(self.sign_in), methods=["GET", "POST"]),
            Route("/enter", self._guarded(self.enter), methods=["POST"]),
            Route("/sign-out", self._guarded(self.sign_out), methods=["GET", "POST"]),
            Route("/set-up", self._guarded(self.set_up), methods=["GET", "POST"]),
            Route("/invitation", self._guarded(self.invitation), methods=["GET", "POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Show the form, or take it."""
        if request.method == "GET":
            return await self._sign_in_page(request)
        form = await self._form(request)
        try:
            key = await to_thread.run_sync(
                lambda: sign_in.sign_in(
                    self._store,
                    email=form["email"],
                    password=form["password"],
                    address=_address(request),
                    instead_of=self._carried(request),
                )
            )
        except AvalError as problem:
            return await self._sign_in_page(request, problem, email=form["email"], next_=form["next"])
        return self._enter(request, key, form["next"])

    async def enter(self, request: Request) -> Response:
        """Enter the demo as one of its people."""
        form = await self._form(request)
        through_proxy = "x-forwarded-for" in request.headers or "forwarded" in request.headers
        if not self._demo or through_proxy or not is_loopback(_address(request)):
            raise Refused("demo.elsewhere", N_("One-click entry exists in the demo only."))

        def act() -> str:
            with self._store.reading() as view:
                actor = queries.actor(view, form["person"], "page")
            with self._store.unit_of_work(actor) as uow:
                return ways_in.enter_as(uow, actor.id, instead_of=self._carried(request))

        return self._enter(request, await to_thread.run_sync(act), form["next"])

    async def sign_out(self, request: Request) -> Response:
        """End the session at once; a link from elsewhere is asked to confirm."""
        session = request.scope.get(SESSION_STATE)
        if isinstance(session, Open):
            if request.method == "GET" and request.headers.get("sec-fetch-site") != "same-origin":
                return self._page(request, "sign_out.html")
            held = session

            def act() -> None:
                with self._store.reading() as view:
                    actor = queries.actor(view, held.person_id, "page")
                with self._store.unit_of_work(actor) as uow:
                    ways_in.sign_out(uow, held.id)

            await to_thread.run_sync(act)
            self._doors.forget(str(request.scope[KEY_STATE]))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(
            self._cookie(request), path="/", secure=self._secure(request), httponly=True, samesite="lax"
        )
        return answer

    async def set_up(self, request: Request) -> Response:
        """Make the first administrator, by the link that the first run printed."""
        ticket = request.query_params.get("ticket", "")
        if request.method == "GET":
            await self._standing(ticket, Purpose.SET_UP)
            return self._page(request, "set_up.html", ticket=ticket, problem=None, name="", email="")
        form = await self._form(request)

        def act() -> str:
            protected = passwords.protect(_repeated(form))
            with self._store.unit_of_work(SYSTEM) as uow:
                person_id = commands.set_up(
                    uow,
                    form["ticket"],
                    name=form["name"],
                    email=form["email"],
                    password=protected,
                    language=i18n.language(),
                )
            return self._first_session(person_id, "set_up")

        try:
            return self._enter(request, await to_thread.run_sync(act), "")
        except Invalid as problem:
            return self._page(
                request,
                "set_up.html",
                status=problem.status,
                ticket=form["ticket"],
                problem=problem,
                name=form["name"],
                email=form["email"],
            )

    async def invitation(self, request: Request) -> Response:
        """Let an invited person choose a password."""
        ticket = request.query_params.get("ticket", "")
        if request.method == "GET":
            await self._standing(ticket, Purpose.INVITATION)
            return self._page(request, "invitation.html", ticket=ticket, problem=None)
        form = await self._form(request)

        def act() -> str:
            protected = passwords.protect(_repeated(form))
            with self._store.unit_of_work(SYSTEM) as uow:
                person_id = ways_in.accept_invitation(uow, form["ticket"], protected)
            return self._first_session(person_id, "invitation")

        try:
            return self._enter(request, await to_thread.run_sync(act), "")
        except Invalid as problem:
            return self._page(
                request, "invitation.html", status=problem.status, ticket=form["ticket"], problem=problem
            )

    def _first_session(self, person_id: str, how: ways_in.How) -> str:
        with self._store.reading() as view:
            actor = queries.actor(view, person_id, "page")
        with self._store.unit_of_work(actor) as uow:
            return ways_in.open_session(uow, person_id, how)

    async def _standing(self, ticket: str, purpose: Purpose) -> None:
        def look() -> bool:
            with self._store.reading() as view:
                return queries.ticket(view, ticket, purpose, self._store.clock()) is not None

        if not await to_thread.run_sync(look):
            raise ways_in.spent()

    async def _sign_in_page(
        self, request: Request, problem: AvalError | None = None, *, email: str = "", next_: str = ""
    ) -> Response:
        def look() -> tuple[list[queries.Person], bool]:
            with self._store.reading() as view:
                return (queries.people(view) if self._demo else []), queries.nobody_yet(view)

        people, empty = await to_thread.run_sync(look)
        return self._page(
            request,
            "sign_in.html",
            status=200 if problem is None else problem.status,
            problem=problem,
            email=email,
            next=_inside(next_ or request.query_params.get("next", "")),
            people=[(each, _role_names(each)) for each in people if not each.disabled],
            empty=empty,
            demo=self._demo,
        )

    def _page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        token = request.cookies.get(self._csrf_cookie(request), "") or random.token_urlsafe(24)
        languages = [(tag, name, _in_language(request, tag)) for tag, name in LANGUAGES.items()]
        text = render(template, languages=languages, csrf=token, **values)
        answer = HTMLResponse(text, status, headers={"cache-control": "no-store"})
        answer.set_cookie(
            self._csrf_cookie(request),
            token,
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _form(self, request: Request) -> _Form:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_FORM:
                raise TooLarge("form.too_large", N_("This form is too large."))
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        form = _Form({name: values[0] for name, values in fields.items()})
        expected = request.cookies.get(self._csrf_cookie(request), "")
        # The way out is a form of Streamlit's page, which cannot know the token; the guard has checked its origin.
        if request.url.path != "/sign-out" and not (
            expected and random.compare_digest(expected.encode(), form[CSRF].encode())
        ):
            raise Refused(
                "form.stale",
                N_("This form is too old."),
                fix=N_("Open the page again and send the form once more."),
            )
        return form

    def _enter(self, request: Request, key: str, next_: str) -> Response:
        answer = RedirectResponse(_inside(next_) or "/", 303, headers={"cache-control": "no-store"})
        answer.set_cookie(
            self._cookie(request),
            key,
            max_age=int(ABSOLUTE.total_seconds()),
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="lax",
        )
        carried = self._carried(request)
        if carried:
            self._doors.forget(carried)
        return answer

    def _carried(self, request: Request) -> str:
        return request.cookies.get(self._cookie(request), "")

    def _cookie(self, request: Request) -> str:
        return self._addresses.cookie(request.headers.get("host", ""))

    def _csrf_cookie(self, request: Request) -> str:
        return f"{self._cookie(request)}-form"

    def _secure(self, request: Request) -> bool:
        return self._addresses.secure(request.headers.get("host", ""))

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            i18n.use(_language(request))
            try:
                return await handler(request)
            except AvalError as problem:
                return self._page(request, "problem.html", status=problem.status, problem=problem)

        return answer


def _repeated(form: _Form) -> str:
    if form["password"] != form["again"]:
        raise Invalid(
            "password.differs",
            N_("The two passwords differ."),
            fix=N_("Type the same password twice."),
            field="again",
        )
    return form["password"]


def _role_names(person: queries.Person) -> str:
    return " · ".join(_(ROLE_NAMES[role]) for role in Role if role in person.roles)


def _language(request: Request) -> str:
    wanted = (
        request.query_params.get("lang")
        or request.headers.get("accept-language", "").split(",")[0].split(";")[0]
    )
    return i18n.nearest(wanted)


def _in_language(request: Request, tag: str) -> str:
    kept = {name: value for name, value in request.query_params.items() if name != "lang"}
    return f"{request.url.path}?{urlencode({**kept, 'lang': tag})}"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _inside(target: str) -> str:
    """Return `target` if it is a path of ours, else nothing: a sign-in must not send people elsewhere."""
    plain = target.startswith("/") and not target.startswith(("//", "/api", "/sign-", "/_stcore"))
    return target if plain and "\\" not in target and target.isprintable() and len(target) < 2000 else ""
