"""`aval release`: ask for, look at and sign releases over the REST interface, in the name of the token's person."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click
import httpx

from core.errors import AvalError, Unavailable
from core.i18n import N_, _, language, number

Answer = Mapping[str, object]
F = TypeVar("F", bound=Callable[..., object])


class Problem(AvalError):
    """The server's refusal, in its own words."""

    def __init__(self, code: str, detail: str, fix: str) -> None:
        super().__init__(code, N_("{detail}"), fix=N_("{remedy}"), detail=detail, remedy=fix)


def remote(command: F) -> F:
    """Add the options that say which server is meant, and who asks."""
    command = click.option(
        "--token", envvar="AVAL_TOKEN", required=True, help="Your token; better set as AVAL_TOKEN."
    )(command)
    return click.option(
        "--url",
        envvar="AVAL_URL",
        default="http://127.0.0.1:8501",
        show_default=True,
        help="Address of Aval.",
    )(command)


@contextmanager
def talking(url: str, token: str) -> Iterator[httpx.Client]:
    """Open a client of the REST interface; raise `Unavailable` when nobody answers."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language().replace("_", "-")}
    try:
        with httpx.Client(base_url=url.rstrip("/") + "/api/v1/", headers=headers, timeout=30) as client:
            yield client
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unavailable(
            "release.unreachable",
            N_("Aval does not answer at {url}: {reason}."),
            fix=N_("Check the address and that the server runs."),
            url=url,
            reason=str(error) or type(error).__name__,
        ) from error


def answered(response: httpx.Response) -> object:
    """Return the body of a good answer; raise `Problem` for any other."""
    try:
        body: object = response.json()
    except ValueError:
        body = {}
    if response.is_success:
        return body
    told = body if isinstance(body, dict) else {}
    detail = str(told.get("detail") or _("The server answered {status}.", status=response.status_code))
    raise Problem(str(told.get("code", "release.problem")), detail, str(told.get("fix") or ""))


def _one(body: object) -> Answer:
    return body if isinstance(body, dict) else {}


def _many(body: object) -> Sequence[Answer]:
    return [_one(entry) for entry in body] if isinstance(body, list) else []


@click.group()
def release() -> None:
    """See and sign releases with a token of your own."""


@release.command("list")
@click.option(
    "--scope",
    type=click.Choice(["mine", "all", "done"]),
    default="mine",
    show_default=True,
    help="Whose turn it is.",
)
@remote
def list_(scope: str, url: str, token: str) -> None:
    """List the requests that wait for you, all open ones, or the decided ones."""
    with talking(url, token) as client:
        found = _many(answered(client.get("releases", params={"scope": scope})))
    if not found:
        click.echo(_("Nothing waits for you.") if scope == "mine" else _("There is none."))
    for each in found:
        click.echo(_summary(each))


@release.command("request")
@click.argument("use_case")
@click.argument("version", type=click.IntRange(1))
@click.option("--environment", default="production", show_default=True)
@click.option("--note", default="", help="Why it should go live.")
@remote
def request(use_case: str, version: int, environment: str, note: str, url: str, token: str) -> None:
    """Ask for VERSION of USE_CASE to go live."""
    wanted = {"use_case": use_case, "version": version, "environment": environment, "note": note}
    with talking(url, token) as client:
        click.echo(_summary(_one(answered(client.post("releases", json=wanted)))))


@release.command("show")
@click.argument("request_id", metavar="REQUEST")
@remote
def show(request_id: str, url: str, token: str) -> None:
    """Show REQUEST with its gates, its signatures and what a signature is bound to."""
    with talking(url, token) as client:
        _tell(_one(answered(client.get(f"releases/{request_id}"))))


@release.command("sign")
@click.argument("request_id", metavar="REQUEST")
@click.option("--area", required=True, help="The area you sign for, such as compliance.")
@click.option(
    "--decision",
    type=click.Choice(["approve", "approve_with_conditions", "reviewed", "request_changes", "reject"]),
    required=True,
    help="What your signature means.",
)
@click.option("--rationale", required=True, help="What you checked, and why it is enough.")
@click.option("--snapshot", help="Digest of what you saw, from `show`; without it you are shown and asked.")
@click.option("--ticket", help="A signing ticket; without one you are asked for your password.")
@click.option(
    "--for", "on_behalf_of", default="", metavar="PERSON", help="Whose seat you take, if it was lent."
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="'PERSON DATE WHAT'",
    help="A condition: the owner's id, the due day (2027-01-31) and what must be done; may be repeated.",
)
@remote
def sign(
    request_id: str,
    area: str,
    decision: str,
    rationale: str,
    snapshot: str | None,
    ticket: str | None,
    on_behalf_of: str,
    conditions: tuple[str, ...],
    url: str,
    token: str,
) -> None:
    """Sign REQUEST for one of your areas. The author of a version is refused."""
    with talking(url, token) as client:
        if snapshot is None:
            seen = _one(answered(client.get(f"releases/{request_id}")))
            _tell(seen)
            click.confirm(_("Sign this?"), abort=True)
            snapshot = str(seen["snapshot"])
        if ticket is None:
            password = click.prompt(_("Your password, once more"), hide_input=True, err=True)
            asked = {"password": password, "snapshot": snapshot}
            given = _one(answered(client.post(f"releases/{request_id}/ticket", json=asked)))
            ticket = str(given["ticket"])
        vote = {
            "area": area,
            "meaning": decision,
            "rationale": rationale,
            "snapshot": snapshot,
            "ticket": ticket,
            "on_behalf_of": on_behalf_of,
            "conditions": [_condition(each) for each in conditions],
        }
        click.echo(_summary(_one(answered(client.post(f"releases/{request_id}/votes", json=vote)))))


def _condition(text: str) -> Answer:
    owner, due, what = [*text.split(maxsplit=2), "", "", ""][:3]
    return {"owner": owner, "due_at": f"{due}T23:59:59Z", "text": what}


@click.command()
@click.argument("use_case")
@click.argument("version", type=click.IntRange(1))
@click.option("--environment", default="production", show_default=True)
@click.option("--patience", default=120, show_default=True, help="Seconds to wait for the verdict.")
@click.option("--json", "as_json", is_flag=True, help="The answer as the server gave it.")
@remote
@click.pass_context
def gate(
    ctx: click.Context,
    use_case: str,
    version: int,
    environment: str,
    patience: int,
    as_json: bool,
    url: str,
    token: str,
) -> None:
    """Judge the gates of VERSION of USE_CASE; exit status 0 when it passes, 1 when a gate blocks it."""
    wanted = {"use_case": use_case, "version": version, "environment": environment}
    with talking(url, token) as client:
        found = _one(answered(client.post("gates", json=wanted)))
        until = time.monotonic() + patience
        while found.get("passes") is None:
            if time.monotonic() > until:
                raise Unavailable(
                    "gate.slow",
                    N_("The gates were not judged within {seconds} s."),
                    fix=N_("Check that a worker runs, or wait longer with --patience."),
                    seconds=patience,
                )
            time.sleep(0.5)
            found = _one(answered(client.get(f"gates/{found['id']}")))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, sort_keys=True))
    else:
        _tell_gates(found)
        click.echo(_("passes") if found["passes"] else _("blocked"))
    if not found["passes"]:
        ctx.exit(1)


def _summary(found: Answer) -> str:
    return (
        f"{found['id']}  {found['use_case']} v{found['version']} → {found['environment']}  {found['state']}  "
        f"{found['signed']}/{found['signatures']}"
    )


def _tell(found: Answer) -> None:
    click.echo(_summary(found))
    click.echo(_("artifact  {digest}", digest=found["artifact_digest"]))
    click.echo(_("snapshot  {digest}", digest=found["snapshot"]))
    _tell_gates(found)
    for vote in _many(found.get("votes")):
        click.echo(f"  {vote['area']:<12} {vote['meaning']:<16} {vote['signed_at']}  {vote['person']}")


def _tell_gates(found: Answer) -> None:
    for each in _many(found.get("gates")):
        value, limit = each.get("measured"), each.get("limit")
        measured = f"{number(value, 4)}" if isinstance(value, float) else ""
        bound = {"at_least": "≥", "at_most": "≤"}.get(str(each["comparison"]), "")
        limited = f"{bound} {number(limit, 4)}" if isinstance(limit, float) else ""
        named = f"{each['kind']} {each['metric']}".strip()
        click.echo(
            f"  {each['verdict']:<14} {named:<26} {measured:>10} {limited:<10} {each['reason']}".rstrip()
        )
