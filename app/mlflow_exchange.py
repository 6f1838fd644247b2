"""Bring registered versions from MLflow to Aval, and the approved version's alias back."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from urllib.parse import quote

import httpx

from app.mlflow_server import Tracking
from app.push import Problem, Pushed, Say, got_json, push, talking
from core.assets.registry.mlflow_answers import READY, Numbered, Registered
from core.assets.registry.upstream import Upstream
from core.errors import AvalError, Conflict, NotFound, Unauthenticated, Unavailable
from core.i18n import N_, _

NAME_LIMIT = 80
NOTE_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Aval:
    """Where Aval answers, and with which token."""

    url: str
    token: str
    transport: httpx.BaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the imported versions become, and the table that they are evaluated on."""

    use_case: str
    table: Path
    label: str
    positive_label: str = ""
    threshold: float | None = None
    protected: tuple[str, ...] = ()
    model_name: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one MLflow version: sent now, known before as that number of Aval's, or not to be had."""

    upstream: Upstream
    pushed: Pushed | None = None
    known_as: int | None = None
    problem: AvalError | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """The MLflow version that the alias now points at, and the approved version of Aval's that it is."""

    upstream: Upstream
    use_case: str
    number: int
    instead_of: int | None


def chosen(server: Tracking, model: str, *, version: str = "", alias: str = "") -> tuple[Numbered, ...]:
    """Return the version of that number or alias, or every version in order; raise `NotFound`."""
    if alias:
        aliases = server.model(model).aliases
        if alias not in aliases:
            raise NotFound(
                "mlflow.no_alias",
                N_("{model} has no alias {alias}; it has {aliases}."),
                model=model,
                alias=alias,
                aliases=", ".join(sorted(aliases)) or "–",
            )
        version = aliases[alias]
    return (server.version(model, version),) if version else server.versions(model)


def import_versions(
    server: Tracking,
    versions: Iterable[Numbered],
    wanted: Wanted,
    aval: Aval,
    *,
    most: int,
    again: bool = False,
    wait: float = 600.0,
    say: Say | None = None,
) -> Iterator[Imported]:
    """Import versions one after the other and yield what became of each; one that is known already only `again`.

    What one version is to blame for does not stop the next; a server that cannot be reached raises `Unavailable`.
    `most` is bytes of a model's folder, `wait` seconds for each evaluation.
    """
    known = {} if again else imported(wanted.use_case, aval)
    found: dict[str, Registered] = {}
    for version in versions:
        model = found.get(version.model) or server.model(version.model)
        found[version.model] = model
        upstream = _upstream(server, version, model)
        if upstream.place in known:
            yield Imported(upstream, known_as=known[upstream.place])
            continue
        try:
            yield Imported(upstream, _sent(server, version, upstream, wanted, aval, most, wait, say))
        except (Unavailable, Unauthenticated):
            raise
        except AvalError as problem:
            if isinstance(problem, Problem) and problem.status in {401, 403}:
                raise
            yield Imported(upstream, problem=problem)


def imported(use_case: str, aval: Aval) -> dict[tuple[str, str, str], int]:
    """Return which MLflow versions a use case holds already, each with the newest number that it has in Aval."""
    with talking(aval.url, aval.token, aval.transport) as client:
        listed = got_json(client, f"use-cases/{quote(use_case, safe='')}/versions")
    found: dict[tuple[str, str, str], int] = {}
    for one in listed if isinstance(listed, list) else ():
        upstream = _told(one)
        if upstream is not None:
            found.setdefault(upstream.place, int(one["number"]))
    return found


def export_alias(
    server: Tracking, aval: Aval, *, use_case: str, environment: str, alias: str, most: int
) -> Exported:
    """Set an alias on the MLflow version that is live in Aval, and tag it with the decision.

    The version's files are fetched anew and must be the approved bytes. Raises `Problem` in Aval's words where
    nothing is live or its approval does not stand, `Conflict` where the version is not this server's or differs.
    """
    slug = quote(use_case, safe="")
    asked = f"live/{slug}/{quote(environment, safe='')}"
    with talking(aval.url, aval.token, aval.transport) as client:
        live = _mapping(got_json(client, asked))
        number = int(str(live.get("version")))
        upstream = _told(got_json(client, f"use-cases/{slug}/versions/{number}"))
    if upstream is None or upstream.server != server.name:
        raise _elsewhere(use_case, number, upstream, server.name)
    version = server.version(upstream.model, upstream.version)
    with tempfile.TemporaryDirectory(prefix="aval-mlflow-") as folder:
        packed = Path(folder) / "model.zip"
        server.packed(version, packed, most=most)
        with packed.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    if digest != live.get("digest"):
        raise Conflict(
            "mlflow.differs",
            N_(
                "The files of {name} in MLflow are not those that were approved (sha256 {found}…, not {approved}…)."
            ),
            fix=N_("Import the version as it is now with --again, and have it approved."),
            name=upstream.name,
            found=digest[:12],
            approved=str(live.get("digest"))[:12],
        )
    with talking(aval.url, aval.token, aval.transport) as client:
        now = _mapping(got_json(client, asked))
    if (now.get("version_id"), now.get("decision")) != (live.get("version_id"), live.get("decision")):
        raise Conflict(
            "mlflow.moved",
            N_("What is live in {use_case} changed meanwhile."),
            fix=N_("Run the command again."),
            use_case=use_case,
        )
    server.point(version, alias, _tags(live))
    instead_of = live.get("instead_of")
    return Exported(upstream, use_case, number, instead_of if isinstance(instead_of, int) else None)


def _upstream(server: Tracking, version: Numbered, model: Registered) -> Upstream:
    logged = server.logged(version.run_id)
    aliases = tuple(sorted(name for name, number in model.aliases.items() if number == version.version))
    return Upstream(
        server.name,
        version.model,
        version.version,
        version.run_id,
        aliases,
        logged.metrics,
        logged.params,
    )


def _sent(
    server: Tracking,
    version: Numbered,
    upstream: Upstream,
    wanted: Wanted,
    aval: Aval,
    most: int,
    wait: float,
    say: Say | None,
) -> Pushed:
    if version.status != READY:
        raise Conflict(
            "mlflow.not_ready",
            N_("{name} is not ready in MLflow: {status}."),
            name=upstream.name,
            status=version.status,
        )
    with tempfile.TemporaryDirectory(prefix="aval-mlflow-") as folder:
        packed = Path(folder) / f"{_file_name(version)}.zip"
        if say is not None:
            say(_("Fetching {name}", name=upstream.name), 0.0)
        server.packed(version, packed, most=most)
        return push(
            packed,
            wanted.table,
            use_case=wanted.use_case,
            label=wanted.label,
            url=aval.url,
            token=aval.token,
            positive_label=wanted.positive_label,
            threshold=wanted.threshold,
            protected=wanted.protected,
            model_name=(wanted.model_name or version.model)[:NAME_LIMIT],
            note=version.description[:NOTE_LIMIT],
            mlflow=upstream.to_json(),
            wait=wait,
            say=say,
            transport=aval.transport,
        )


def _told(version: object) -> Upstream | None:
    said = version.get("mlflow") if isinstance(version, Mapping) else None
    return Upstream.from_json(said) if isinstance(said, Mapping) else None


def _elsewhere(use_case: str, number: int, upstream: Upstream | None, server: str) -> Conflict:
    if upstream is None:
        return Conflict(
            "mlflow.not_imported",
            N_("Version {number} of {use_case}, which is live, was not imported from MLflow."),
            fix=N_(
                "Import it with `aval mlflow import` and have it approved, or register it in MLflow by hand."
            ),
            use_case=use_case,
            number=number,
        )
    return Conflict(
        "mlflow.other_server",
        N_("Version {number} of {use_case}, which is live, came from {there}, not from {here}."),
        fix=N_("Give that address with --tracking, written as it was for the import."),
        use_case=use_case,
        number=number,
        there=upstream.server,
        here=server,
    )


def _tags(live: Mapping[str, object]) -> dict[str, str]:
    decision = _mapping(live.get("decision"))
    return {
        "aval.use_case": str(live.get("use_case")),
        "aval.environment": str(live.get("environment")),
        "aval.version": str(live.get("version")),
        "aval.release": str(decision.get("id")),
        "aval.snapshot": str(decision.get("snapshot")),
        "aval.artifact_sha256": str(live.get("digest")),
    }


def _file_name(version: Numbered) -> str:
    plain = re.sub(r"[^\w.-]+", "_", version.model, flags=re.ASCII).strip("._") or "model"
    return f"{plain[:NAME_LIMIT]}-v{re.sub(r'[^0-9A-Za-z]+', '_', version.version)[:20]}"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
