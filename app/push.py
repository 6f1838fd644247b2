"""Send a model and its evaluation table to a running Aval, from a notebook or from CI."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import quote

import click
import httpx
import pandas as pd
import skops.io

from core.errors import AvalError, Invalid, Unavailable
from core.i18n import N_, _, language, number, size

CHUNK = 1 << 20
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 3.0
REFUSED, PROBLEM, UNREACHABLE = 1, 3, 4
"""Exit statuses of `aval push` beside 0 (ready) and click's own 2 (usage)."""

Say = Callable[[str, float], None]
"""Told what goes on, and how much of it is done, from 0 to 1."""


@runtime_checkable
class Predictor(Protocol):
    """A fitted scikit-learn estimator, as a notebook holds it."""

    def predict(self, X: pd.DataFrame) -> object: ...


class Problem(AvalError):
    """The server refused; its own words, already in the reader's language."""

    def __init__(self, status: int, code: str, detail: str, fix: str) -> None:
        super().__init__(code, N_("{detail}"), detail=detail)
        self.status = status
        self.remedy = fix

    def fix_text(self) -> str:
        return self.remedy


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its 95 % interval; `low` and `high` are None where none was computed."""

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of the version: `ready`, `refused`, or still `checking` when nobody waited."""

    use_case: str
    number: int
    state: str
    url: str
    metrics: tuple[Metric, ...]
    refusal: str
    fix: str


def push(
    model: Path | str | Predictor,
    table: Path | str | pd.DataFrame,
    *,
    use_case: str,
    label: str,
    url: str,
    token: str,
    positive_label: str = "",
    threshold: float | None = None,
    protected: Sequence[str] = (),
    model_name: str = "",
    note: str = "",
    mlflow: Mapping[str, object] | None = None,
    wait: float = 600.0,
    say: Say | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Pushed:
    """Upload, submit and wait up to `wait` seconds for the evaluation; 0 does not wait.

    `model` is a file or a fitted scikit-learn estimator (saved as .skops); `table` a CSV or Parquet file or a
    DataFrame; `mlflow` the registered version that the file comes from. Raises `Problem` with the server's words, or
    `Unavailable` when it cannot be reached.
    """
    told = say or (lambda _text, _share: None)
    with (
        tempfile.TemporaryDirectory(prefix="aval-push-") as folder,
        talking(url, token, transport) as client,
    ):
        artifact, rows = _model_file(model, Path(folder)), _table_file(table, Path(folder))
        draft = str(_ask(client, "POST", "drafts", json={})["id"])
        _send(client, f"drafts/{draft}/artifact", artifact, told)
        _send(client, f"drafts/{draft}/table", rows, told)
        answer = _ask(
            client,
            "POST",
            f"drafts/{draft}/submit",
            json={
                "use_case": use_case,
                "label_column": label,
                "positive_label": positive_label,
                "operating_threshold": threshold,
                "protected_columns": list(protected),
                "model_name": model_name,
                "note": note,
                **({} if mlflow is None else {"mlflow": mlflow}),
            },
        )
        if wait:
            _follow(client, str(_part(answer, "job")["id"]), time.monotonic() + wait, told)
        version = _part(answer, "version")
        return _outcome(
            _ask(client, "GET", f"use-cases/{quote(use_case, safe='')}/versions/{version['number']}")
        )


@contextmanager
def talking(url: str, token: str, transport: httpx.BaseTransport | None) -> Iterator[httpx.Client]:
    """Open a client of the REST interface; raise `Unavailable` when it cannot be reached."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language().replace("_", "-")}
    patience = httpx.Timeout(30.0, read=120.0, write=120.0)
    try:
        with httpx.Client(
            base_url=url.rstrip("/") + "/api/v1/", headers=headers, timeout=patience, transport=transport
        ) as client:
            yield client
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unavailable(
            "push.unreachable",
            N_("Aval does not answer at {url}: {reason}."),
            fix=N_("Check the address and that the server runs."),
            url=url,
            reason=str(error) or type(error).__name__,
        ) from error


def _model_file(model: Path | str | Predictor, folder: Path) -> Path:
    if isinstance(model, str | Path):
        return existing_file(Path(model))
    path = folder / "model.skops"
    skops.io.dump(model, path)
    return path


def _table_file(table: Path | str | pd.DataFrame, folder: Path) -> Path:
    if isinstance(table, str | Path):
        return existing_file(Path(table))
    path = folder / "evaluation.parquet"
    table.to_parquet(path, index=False)
    return path


def existing_file(path: Path) -> Path:
    """Return the path of a file that is there; raise `Invalid`."""
    if not path.is_file():
        raise Invalid(
            "push.no_file",
            N_("There is no file {name}."),
            fix=N_("Check the path; it is read from the folder in which the command runs."),
            name=str(path),
        )
    return path


def _send(client: httpx.Client, route: str, path: Path, say: Say) -> None:
    total = path.stat().st_size
    text = _("Sending {name}, {size}", name=path.name, size=size(total))

    def chunks() -> Iterator[bytes]:
        sent = 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                sent += len(chunk)
                say(text, sent / total)
                yield chunk

    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(total)}
    _answer(client.put(route, params={"name": path.name}, content=chunks(), headers=headers))


def sent_body(
    client: httpx.Client, route: str, path: Path, params: Mapping[str, str]
) -> Mapping[str, object]:
    """Post a file as a request's body and return the answer; raise `Problem`."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
    return _answer(client.post(route, params=params, content=chunks(), headers=headers))


def got_json(client: httpx.Client, route: str) -> object:
    """Ask for a route and return its answer; raise `Problem`."""
    return _body(client.get(route))


def sent_json(
    client: httpx.Client, route: str, body: Mapping[str, object], headers: Mapping[str, str]
) -> Mapping[str, object]:
    """Post JSON and return the answer; raise `Problem`."""
    return _answer(client.post(route, json=dict(body), headers=dict(headers)))


def _follow(client: httpx.Client, job: str, until: float, say: Say) -> None:
    pause = FIRST_PAUSE
    while True:
        state = _ask(client, "GET", f"jobs/{job}")
        say(str(state.get("message") or _("Waiting for the evaluation")), _real(state.get("progress")) or 0.0)
        if state.get("state") in {"done", "failed"}:
            return
        if time.monotonic() > until:
            raise Unavailable(
                "push.late",
                N_("The evaluation has not finished in the time given."),
                fix=N_("It goes on without you; see the page of the model, or wait longer with --wait."),
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _outcome(version: Mapping[str, object]) -> Pushed:
    evaluation = version.get("evaluation")
    metrics = evaluation.get("metrics", {}) if isinstance(evaluation, Mapping) else {}
    refusal = version.get("refusal")
    words = refusal if isinstance(refusal, Mapping) else {}
    return Pushed(
        use_case=str(version["use_case"]),
        number=int(str(version["number"])),
        state=str(version["state"]),
        url=str(version.get("page", "")),
        metrics=tuple(
            Metric(name, _real(found.get("value")), _real(found.get("low")), _real(found.get("high")))
            for name, found in metrics.items()
        ),
        refusal=str(words.get("detail", "")),
        fix=str(words.get("fix", "")),
    )


def _ask(
    client: httpx.Client, method: str, route: str, json: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    return _answer(client.request(method, route, json=json))


def _answer(response: httpx.Response) -> Mapping[str, object]:
    body = _body(response)
    if isinstance(body, dict):
        return body
    raise _problem(response, {})


def _body(response: httpx.Response) -> object:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and body is not None:
        return body
    raise _problem(response, body if isinstance(body, dict) else {})


def _problem(response: httpx.Response, said: Mapping[str, object]) -> Problem:
    detail = str(
        said.get("detail")
        or said.get("title")
        or _("The server answered {status}.", status=response.status_code)
    )
    return Problem(
        response.status_code, str(said.get("code", "push.problem")), detail, str(said.get("fix") or "")
    )


def _part(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = answer[name]
    if not isinstance(part, Mapping):
        raise Problem(502, "push.answer", _("The server's answer lacks “{name}”.", name=name), "")
    return part


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


@click.command("push")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--use-case", required=True, help="Short name of the use case.")
@click.option("--label", required=True, help="Column of the table that holds what truly happened.")
@click.option("--positive-label", default="", help="The outcome that counts as positive, for two outcomes.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Probability from which a case is decided positive."
)
@click.option("--protected", multiple=True, help="A protected attribute; give the option once per column.")
@click.option("--model-name", default="", help="Name of the model within the use case.")
@click.option("--note", default="", help="What is new in this version.")
@click.option(
    "--url", envvar="AVAL_URL", default="http://127.0.0.1:8501", show_default=True, help="Address of Aval."
)
@click.option("--token", envvar="AVAL_TOKEN", required=True, help="Access token; better set as AVAL_TOKEN.")
@click.option(
    "--wait", type=click.FloatRange(0), default=600.0, show_default=True, help="Seconds; 0 does not wait."
)
def push_command(
    *,
    model: Path,
    table: Path,
    use_case: str,
    label: str,
    positive_label: str,
    threshold: float | None,
    protected: tuple[str, ...],
    model_name: str,
    note: str,
    url: str,
    token: str,
    wait: float,
) -> None:
    """Send MODEL and its evaluation TABLE, wait for the checks, print the metrics.

    Exit status: 0 ready, 1 the checks refused the model, 2 wrong usage, 3 the server refused the input,
    4 the server cannot be reached or took too long.
    """
    try:
        pushed = push(
            model,
            table,
            use_case=use_case,
            label=label,
            url=url,
            token=token,
            positive_label=positive_label,
            threshold=threshold,
            protected=protected,
            model_name=model_name,
            note=note,
            wait=wait,
            say=narrator(),
        )
    except AvalError as error:
        click.echo(complaint(error.text(), error.fix_text()), err=True)
        raise SystemExit(UNREACHABLE if isinstance(error, Unavailable) else PROBLEM) from error
    tell(pushed, url)
    if pushed.state == "refused":
        raise SystemExit(REFUSED)


def tell(pushed: Pushed, url: str) -> None:
    """Print what became of a version, with its metrics and the address of its page."""
    click.echo(
        _("{use_case} v{number}: {state}", use_case=pushed.use_case, number=pushed.number, state=pushed.state)
    )
    for metric in pushed.metrics:
        click.echo(f"  {metric.name:<24} {_written(metric)}")
    if pushed.url:
        click.echo(url.rstrip("/") + pushed.url)
    if pushed.state == "refused":
        click.echo(complaint(pushed.refusal, pushed.fix), err=True)


def _written(metric: Metric) -> str:
    if metric.value is None:
        return "–"
    if metric.low is None or metric.high is None:
        return number(metric.value, 4)
    return f"{number(metric.value, 4)}  [{number(metric.low, 4)} – {number(metric.high, 4)}]"


def complaint(text: str, fix: str) -> str:
    """Put what is wrong above what to do about it."""
    return f"{text}\n{fix}".strip()


def narrator() -> Say:
    """Print one line per step on a terminal's error stream, each share of a tenth once; CI logs stay short."""
    last: list[tuple[str, int]] = []

    def say(text: str, share: float) -> None:
        mark = (text, int(share * 10))
        if not last or last[-1] != mark:
            last[:] = [mark]
            click.echo(f"{text} {int(share * 100)}%", err=True)

    return say
