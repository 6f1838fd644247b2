"""What the answers of an MLflow tracking server mean. They come from outside: nothing in them is taken on trust."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import NoReturn

from core.assets.registry.upstream import LONGEST_NAME, LONGEST_VALUE, MOST_VALUES
from core.errors import Invalid
from core.i18n import N_

READY = "READY"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered model: `aliases` names the version that each alias points at."""

    name: str
    description: str
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A version of a registered model; MLflow counts them as text."""

    model: str
    version: str
    run_id: str
    status: str
    description: str

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the others, by number."""
        return (int(self.version) if self.version.isdecimal() else 0, self.version)


@dataclass(frozen=True, slots=True)
class Logged:
    """What a run logged: the last value of every metric that is a number, and its parameters."""

    metrics: Mapping[str, float]
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of an artifact, by its path below the artifact; bytes as the server claims them."""

    path: PurePosixPath
    folder: bool
    size: int


def registered_models(answer: object) -> tuple[Registered, ...]:
    """Read a page of registered models."""
    return tuple(_registered(one) for one in _list(_mapping(answer), "registered_models"))


def registered_model(answer: object) -> Registered:
    """Read one registered model."""
    return _registered(_mapping(answer).get("registered_model"))


def versions(answer: object) -> tuple[Numbered, ...]:
    """Read a page of versions."""
    return tuple(_version(one) for one in _list(_mapping(answer), "model_versions"))


def version(answer: object) -> Numbered:
    """Read one version."""
    return _version(_mapping(answer).get("model_version"))


def next_page(answer: object) -> str:
    """Return what asks for the page after this one; empty on the last."""
    return _text(_mapping(answer), "next_page_token", 10_000)


def logged(answer: object) -> Logged:
    """Read what a run logged, at most `MOST_VALUES` of each kind; values that are no finite number are left out."""
    data = _mapping(_mapping(_mapping(answer).get("run")).get("data") or {})
    metrics: dict[str, float] = {}
    for one in _list(data, "metrics"):
        name, value = _text(_mapping(one), "key"), _number(_mapping(one).get("value"))
        if name and value is not None:
            metrics[name] = value
    params = {
        _text(_mapping(one), "key"): _text(_mapping(one), "value", LONGEST_VALUE)
        for one in _list(data, "params")
    }
    params.pop("", None)
    return Logged(dict(islice(metrics.items(), MOST_VALUES)), dict(islice(params.items(), MOST_VALUES)))


def artifact_uri(answer: object) -> str:
    """Return where a version's files lie, as the server says."""
    return str(_mapping(answer).get("artifact_uri", ""))[:4_000]


def entries(answer: object, folder: PurePosixPath) -> tuple[Entry, ...]:
    """Read the listing of a folder, given by its path below the artifact; in the order of their names.

    Raises `Invalid` for a name that would leave the folder.
    """
    found = []
    for one in _list(_mapping(answer), "files"):
        said = _mapping(one)
        path = below(str(said.get("path", ""))[:1_000])
        size = said.get("file_size")
        claimed = int(size) if isinstance(size, int) or (isinstance(size, str) and size.isdecimal()) else 0
        found.append(Entry(folder / path, said.get("is_dir") is True, claimed))
    return tuple(sorted(found, key=lambda entry: entry.path))


def below(text: str) -> PurePosixPath:
    """Return a relative path that stays below where it is joined; raise `Invalid`."""
    parts = text.split("/")
    hostile = text.startswith("/") or any(part in {"", ".", ".."} for part in parts)
    if hostile or "\\" in text or ":" in parts[0] or any(not c.isprintable() for c in text):
        raise Invalid(
            "mlflow.path",
            N_("The MLflow server names a file that would leave its folder: {path}"),
            fix=N_("Do not import from this server before somebody has looked at it."),
            path=ascii(text[:200]),
        )
    return PurePosixPath(text)


def complaint(answer: object) -> str:
    """Return MLflow's own words about a request that it refused; empty where it gave none."""
    found = answer.get("message") if isinstance(answer, Mapping) else ""
    return plain(found) if isinstance(found, str) else ""


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """Return a text without what a terminal could take for an instruction, cut to `longest` characters."""
    return "".join(c if c.isprintable() else " " for c in text[:longest]).strip()


def filtered(model: str) -> str:
    """Return the filter that names one registered model; raise `Invalid` for a name that no filter can hold."""
    quote = "'" if "'" not in model else '"'
    if quote in model:
        raise Invalid(
            "mlflow.name",
            N_("MLflow cannot be asked for a model whose name holds both kinds of quotes: {name}"),
            name=model,
        )
    return f"name={quote}{model}{quote}"


def _registered(value: object) -> Registered:
    said = _mapping(value)
    aliases = [_mapping(one) for one in _list(said, "aliases")]
    return Registered(
        name=_named(said, "name"),
        description=_text(said, "description", 2_000),
        aliases={_named(one, "alias"): _named(one, "version") for one in aliases},
    )


def _version(value: object) -> Numbered:
    said = _mapping(value)
    return Numbered(
        model=_named(said, "name"),
        version=_named(said, "version"),
        run_id=_text(said, "run_id"),
        status=_text(said, "status") or READY,
        description=_text(said, "description", 2_000),
    )


def _named(said: Mapping[str, object], key: str) -> str:
    return _text(said, key) or _odd(key)


def _text(said: Mapping[str, object], key: str, longest: int = LONGEST_NAME) -> str:
    value = said.get(key)
    return plain(str(value), longest) if isinstance(value, str | int) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else _odd("{}")


def _list(said: Mapping[str, object], key: str) -> Sequence[object]:
    value = said.get(key, [])
    return value if isinstance(value, list) else _odd(key)


def _odd(what: str) -> NoReturn:
    raise Invalid(
        "mlflow.answer",
        N_("The answer is not one that an MLflow server gives: {what} is missing or of another kind."),
        fix=N_("Check the address of the tracking server."),
        what=what,
    )
