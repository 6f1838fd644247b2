"""Speak to an MLflow tracking server over its REST interface: read the registry, fetch a model's folder, set an alias."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import httpx

from core.assets.registry import mlflow_answers as answers
from core.assets.registry.mlflow_answers import Entry, Logged, Numbered, Registered
from core.errors import Invalid, NotFound, TooLarge, Unauthenticated, Unavailable
from core.i18n import N_

API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
PROXY = "mlflow-artifacts"
"""Scheme of files that the tracking server itself hands out."""
PAGE = 100
MOST_PAGES = 1_000
MOST_FILES = 1_000
DEEPEST = 12
CHUNK = 1 << 20
ZIP_BEGAN = (1980, 1, 1, 0, 0, 0)
MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND"})


class Tracking:
    """An open tracking server; `name` is its address, by which versions remember it."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self.name = name

    def models(self) -> Iterator[Registered]:
        """Yield every registered model."""
        for page in self._pages("registered-models/search", {}):
            yield from answers.registered_models(page)

    def model(self, name: str) -> Registered:
        """Return one registered model; raise `NotFound`."""
        return answers.registered_model(self._get("registered-models/get", {"name": name}))

    def versions(self, model: str) -> tuple[Numbered, ...]:
        """Return the versions of a registered model, in order of number."""
        found = [
            one
            for page in self._pages("model-versions/search", {"filter": answers.filtered(model)})
            for one in answers.versions(page)
            if one.model == model
        ]
        return tuple(sorted(found, key=lambda one: one.order))

    def version(self, model: str, number: str) -> Numbered:
        """Return one version; raise `NotFound`."""
        return answers.version(self._get("model-versions/get", {"name": model, "version": number}))

    def logged(self, run_id: str) -> Logged:
        """Return what a run logged; nothing where the version has no run, or it was deleted."""
        try:
            return answers.logged(self._get("runs/get", {"run_id": run_id})) if run_id else Logged({}, {})
        except NotFound:
            return Logged({}, {})

    def packed(self, version: Numbered, target: Path, *, most: int) -> None:
        """Fetch a version's folder and write it as a ZIP; the same files give the same bytes, whoever packs them.

        Raises `TooLarge` over `most` bytes, `Invalid` where a name would leave the folder.
        """
        asked = {"name": version.model, "version": version.version}
        root = artifact_root(
            answers.artifact_uri(self._get("model-versions/get-download-uri", asked)), self.name
        )
        files = list(self._files(root, PurePosixPath(), most))
        if not files:
            raise Invalid(
                "mlflow.empty",
                N_("{model} version {version} has no files on the MLflow server."),
                model=version.model,
                version=version.version,
            )
        left = most
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as members:
            for file in sorted(files, key=lambda entry: str(entry.path)):
                member = zipfile.ZipInfo(str(file.path), ZIP_BEGAN)
                member.create_system, member.external_attr = 3, 0o644 << 16
                with members.open(member, "w", force_zip64=True) as written:
                    for chunk in self._streamed(root / file.path):
                        left -= len(chunk)
                        if left < 0:
                            raise _too_large(most)
                        written.write(chunk)

    def point(self, version: Numbered, alias: str, tags: Mapping[str, str]) -> None:
        """Tag a version, then set the alias on it; the alias is read back."""
        place = {"name": version.model, "version": version.version}
        for key, value in tags.items():
            self._post("model-versions/set-tag", {**place, "key": key, "value": value})
        self._post("registered-models/alias", {**place, "alias": alias})
        if self.model(version.model).aliases.get(alias) != version.version:
            raise Unavailable(
                "mlflow.alias",
                N_("MLflow took the alias {alias}, but does not show it on version {version}."),
                fix=N_("Look at the registered model in MLflow, then run the command again."),
                alias=alias,
                version=version.version,
            )

    def _files(self, root: PurePosixPath, folder: PurePosixPath, most: int) -> Iterator[Entry]:
        """Walk a folder; what the server claims of sizes only ends the walk early, the bytes are counted as they come."""
        waiting, count, total = [folder], 0, 0
        while waiting:
            below = waiting.pop()
            for entry in answers.entries(self._ask("GET", ARTIFACTS, {"path": str(root / below)}), below):
                count += 1
                total += entry.size
                if count > MOST_FILES or len(entry.path.parts) > DEEPEST:
                    raise Invalid(
                        "mlflow.too_many",
                        N_("The folder holds more than {n} files, or is nested too deep."),
                        n=MOST_FILES,
                    )
                if total > most:
                    raise _too_large(most)
                if entry.folder:
                    waiting.append(entry.path)
                else:
                    yield entry

    def _streamed(self, path: PurePosixPath) -> Iterator[bytes]:
        with self._client.stream("GET", f"{ARTIFACTS}/{quote(str(path))}") as response:
            if not response.is_success:
                response.read()
                _judged(response)
            yield from response.iter_bytes(CHUNK)

    def _pages(self, route: str, params: Mapping[str, str]) -> Iterator[object]:
        token = ""
        for _page in range(MOST_PAGES):
            page = self._get(
                route, {**params, "max_results": str(PAGE), **({"page_token": token} if token else {})}
            )
            yield page
            token = answers.next_page(page)
            if not token:
                return
        raise Invalid(
            "mlflow.endless", N_("The MLflow server's list does not end after {n} pages."), n=MOST_PAGES
        )

    def _get(self, route: str, params: Mapping[str, str]) -> object:
        return self._ask("GET", API + route, params)

    def _post(self, route: str, body: Mapping[str, str]) -> object:
        return _judged(self._client.post(API + route, json=dict(body)))

    def _ask(self, method: str, route: str, params: Mapping[str, str]) -> object:
        return _judged(self._client.request(method, route, params=dict(params)))


@contextmanager
def tracking(address: str, transport: httpx.BaseTransport | None = None) -> Iterator[Tracking]:
    """Open a tracking server with the credentials that MLflow reads from the environment.

    Raises `Unavailable` when it cannot be reached. Redirects are not followed: they could take the credentials along.
    """
    name = server_name(address)
    user, word = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    basic = httpx.BasicAuth(user, word) if user and word else None
    headers = {"Authorization": f"Bearer {token}"} if token and basic is None else {}
    patience = httpx.Timeout(30.0, read=120.0)
    try:
        with httpx.Client(
            base_url=name, auth=basic, headers=headers, timeout=patience, transport=transport
        ) as client:
            yield Tracking(client, name)
    except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
        raise Unavailable(
            "mlflow.unreachable",
            N_("The MLflow server does not answer at {url}: {reason}."),
            fix=N_("Check --tracking, and that the server runs."),
            url=name,
            reason=str(error) or type(error).__name__,
        ) from error


def server_name(address: str) -> str:
    """Return the address of a tracking server in one form; raise `Invalid` for another kind or one with credentials."""
    parts = _split(address.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Invalid(
            "mlflow.address",
            N_("{address} is not the address of an MLflow tracking server."),
            fix=N_(
                "Give http:// or https:// and the host; credentials stand in MLFLOW_TRACKING_TOKEN, or in "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
            ),
            address=address.rpartition("@")[2],
        )
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def artifact_root(uri: str, server: str) -> PurePosixPath:
    """Return where a version's files lie below the server's proxy of artifacts.

    Raises `Invalid` where the server does not hand them out itself, or sends us to another host.
    """
    parts, here = _split(uri), urlsplit(server)
    if parts.scheme != PROXY:
        raise Invalid(
            "mlflow.not_served",
            N_("The MLflow server does not hand out these files itself; they lie under {scheme}."),
            fix=N_(
                "Start the server with --serve-artifacts, or download the folder, pack it as ZIP and use `aval push`."
            ),
            scheme=parts.scheme or "–",
        )
    if parts.netloc not in {"", here.netloc}:
        raise Invalid(
            "mlflow.other_host",
            N_("The MLflow server sends us to another host, {host}, for these files."),
            fix=N_("Give the address of that server with --tracking."),
            host=parts.netloc[:200],
        )
    return answers.below(unquote(parts.path).strip("/"))


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _judged(response: httpx.Response) -> object:
    """Return the body of an answer; raise with MLflow's own words where it refused."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if response.is_success and body is not None:
        return body
    said = answers.complaint(body) or answers.plain(response.text, 200)
    if response.status_code in {401, 403}:
        raise Unauthenticated(
            "mlflow.credentials",
            N_("The MLflow server does not let us in: {said}"),
            fix=N_(
                "Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, and check what "
                "they may do."
            ),
            said=said or response.status_code,
        )
    if isinstance(body, Mapping) and body.get("error_code") in MISSING:
        raise NotFound(
            "mlflow.unknown",
            N_("MLflow knows no such thing: {said}"),
            fix=N_("`aval mlflow import` without --model lists what the server has."),
            said=said,
        )
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(
            "mlflow.fails",
            N_("The MLflow server failed ({status}): {said}"),
            fix=N_("Try again; its own log says more."),
            status=response.status_code,
            said=said,
        )
    if not isinstance(body, Mapping):
        raise Invalid(
            "mlflow.answer_not_json",
            N_("What answers there is no MLflow server (status {status})."),
            fix=N_("Check the address of the tracking server."),
            status=response.status_code,
        )
    raise Invalid("mlflow.refused", N_("MLflow refused: {said}"), said=said)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        "mlflow.too_large",
        N_("The model's folder holds more than {limit} MiB."),
        fix=N_("Give a higher --most-mib, up to what the server takes (AVAL_UPLOAD_MIB)."),
        limit=most >> 20,
    )
