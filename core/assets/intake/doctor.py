"""A self-test of the isolated runner: every way out is tried from within a child, and what was open is named."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from core.assets.intake import failures
from core.assets.intake.runner import Runner
from core.errors import Invalid

PROBE = "core.assets.intake.isolated.probes:probe"
CONTAINED: Mapping[str, tuple[str, str]] = {
    "endless loop": ("core.assets.intake.isolated.probes:spin", "runner.timeout"),
    "sleep": ("core.assets.intake.isolated.probes:sleep", "runner.timeout"),
    "huge answer": ("core.assets.intake.isolated.probes:flood", "runner.answer"),
    "threads without end": ("core.assets.intake.isolated.probes:threads", "runner.threads"),
    "crash": ("core.assets.intake.isolated.probes:crash", "runner.crashed"),
}
"""Tasks that misbehave, and how the runner must end each."""
SECONDS = 1.0
BOOSTERS = {"xgboost": ("xgboost-cpu", "xgboost"), "lightgbm": ("lightgbm",), "catboost": ("catboost",)}


@dataclass(frozen=True, slots=True)
class Probe:
    """One way out: whether it was closed, and what the system said."""

    name: str
    held: bool
    said: str


@dataclass(frozen=True, slots=True)
class Examined:
    """The level reached, every probe, and the optional libraries with their versions, empty where not installed."""

    level: str
    probes: tuple[Probe, ...]
    libraries: Mapping[str, str]

    @property
    def open(self) -> tuple[str, ...]:
        """The ways out that were not closed."""
        return tuple(p.name for p in self.probes if not p.held)

    @property
    def sound(self) -> bool:
        """Whether everything that this level promises was held; `basic` promises limits alone."""
        return not self.open if self.level == "full" else not set(self.open) & set(CONTAINED)


def examine(runner: Runner, folder: Path) -> Examined:
    """Try every probe; `folder` is an empty one that the child must not reach."""
    secret = folder / "secret"
    secret.write_text("for nobody", encoding="ascii")
    probes = _probed(runner, secret, folder / "written")
    probes += [_contained(runner, name, *expected) for name, expected in CONTAINED.items()]
    untouched = secret.exists() and not (folder / "written").exists()
    probes.append(Probe("nothing left behind", untouched, ""))
    return Examined(runner.level, tuple(probes), {name: _version(names) for name, names in BOOSTERS.items()})


def self_test(runner: Runner) -> tuple[str, ...]:
    """Return the ways out that are open at this level's promise; quick, for the start of a worker."""
    with tempfile.TemporaryDirectory(prefix="aval-doctor-") as folder:
        secret = Path(folder) / "secret"
        secret.write_text("for nobody", encoding="ascii")
        return tuple(p.name for p in _probed(runner, secret, Path(folder) / "written") if not p.held)


def _probed(runner: Runner, secret: Path, target: Path) -> list[Probe]:
    options = {"secret": str(secret), "target": str(target), "limit": runner.memory}
    found = runner.run(PROBE, options=options).meta.get("probes")
    if not isinstance(found, dict):
        raise failures.bad_answer("facts")
    return [
        Probe(str(name), result.get("held") is True, str(result.get("said", ""))[:120])
        for name, result in found.items()
        if isinstance(result, dict)
    ]


def _contained(runner: Runner, name: str, task: str, code: str) -> Probe:
    try:
        runner.run(task, timeout=SECONDS)
    except Invalid as error:
        return Probe(name, error.code == code, error.text()[:120])
    return Probe(name, held=False, said="")


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""
