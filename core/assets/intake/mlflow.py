"""An MLflow model folder as ZIP: what its `MLmodel` file says, and which member is the model itself."""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, cast

from core.assets.intake import archive, mlmodel
from core.assets.intake.reasons import Rejected

MLMODEL = "MLmodel"
LOADED = ("sklearn", "xgboost", "lightgbm", "catboost", "onnx")
"""Flavours whose model file Aval reads; in this order where a model has several."""
_KEYS = ("pickled_model", "data", "model_data")
_FOREIGN = {
    "keras": "keras",
    "tensorflow": "tensorflow",
    "pytorch": "pytorch",
    "pmml": "pmml",
}
MOST_LISTED = 200
MOST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Described:
    """What the `MLmodel` file says: `member` is the model's own file in the archive, empty where Aval loads none."""

    flavours: tuple[str, ...]
    member: str
    facts: Mapping[str, object]


def described(names: Iterable[str]) -> bool:
    """Whether an archive with these members holds an MLflow model, at its root or in one folder."""
    return _root(names) is not None


def describe(members: zipfile.ZipFile) -> Described:
    """Read the `MLmodel` file; raise `Rejected` where it cannot be read or names a file that is not there."""
    names = members.namelist()
    root = _root(names)
    if root is None:
        raise Rejected("mlmodel_member", name=MLMODEL)
    said = mlmodel.parse(archive.read(members, root + MLMODEL, limit=mlmodel.MOST_BYTES))
    flavours = said.get("flavors")
    if not isinstance(flavours, dict) or not flavours:
        raise Rejected("mlmodel", text="flavors")
    member = ""
    chosen = next((f for f in LOADED if f in flavours), None)
    if chosen is not None and isinstance(flavours[chosen], dict):
        path = next((flavours[chosen][k] for k in _KEYS if isinstance(flavours[chosen].get(k), str)), None)
        path = path or _python_data(flavours)
        member = _member(names, root, path)
    return Described(tuple(str(f)[:60] for f in flavours), member, _facts(members, root, said, flavours))


def kind(found: Described) -> str | None:
    """Return the format by which a model without a readable member is governed; `None` where Aval loads it."""
    if found.member:
        return None
    return next((_FOREIGN[f] for f in found.flavours if f in _FOREIGN), "pyfunc")


def model(file: BinaryIO) -> tuple[BytesIO, Described]:
    """Return the model's own bytes and what the folder says of them; raise `Rejected`."""
    file.seek(0)
    with archive.opened(file) as members:
        found = describe(members)
        if not found.member:
            raise Rejected("mlmodel_inner")
        data = archive.read(members, found.member)
        packed = max(members.getinfo(found.member).compress_size, 1)
        if data.startswith(archive.COMPRESSED) and len(data) > archive.FREE and len(data) > 4 * packed:
            # What is packed already packs no further: two layers of it are a way around the ratio of each.
            raise Rejected("archive_ratio")
        return BytesIO(data), found


def _root(names: Iterable[str]) -> str | None:
    roots = sorted(
        {n.removesuffix(MLMODEL) for n in names if n == MLMODEL or n.endswith("/" + MLMODEL)}, key=len
    )
    return roots[0] if roots and roots[0].count("/") <= 1 else None


def _python_data(flavours: Mapping[str, object]) -> str:
    python = flavours.get("python_function")
    path = python.get("model_path") or python.get("data") if isinstance(python, dict) else None
    return path if isinstance(path, str) else ""


def _member(names: Sequence[str], root: str, path: str) -> str:
    wanted = root + path.strip("/")
    if path and wanted in names:
        return wanted
    inside = [n for n in names if path and n.startswith(wanted + "/") and not n.endswith("/")]
    if len(inside) == 1:
        return inside[0]
    raise Rejected("mlmodel_member", name=path[:80] or "model")


def _facts(
    members: zipfile.ZipFile, root: str, said: Mapping[str, object], flavours: Mapping[str, object]
) -> dict[str, object]:
    facts: dict[str, object] = {"flavours": [str(f)[:60] for f in flavours]}
    for key in ("run_id", "model_uuid", "model_id", "mlflow_version", "utc_time_created"):
        if isinstance(said.get(key), (str, int)):
            facts[key] = str(said[key])[:120]
    python = flavours.get("python_function")
    if isinstance(python, dict) and isinstance(python.get("python_version"), str):
        facts["python"] = python["python_version"][:40]
    for flavour in LOADED:
        own = flavours.get(flavour)
        versions = own if isinstance(own, dict) else {}
        for key in ("sklearn_version", "xgb_version", "lgb_version", "catboost_version", "onnx_version"):
            if isinstance(versions.get(key), str):
                facts[key.removesuffix("_version")] = versions[key][:40]
    facts |= _signature(said.get("signature"))
    if isinstance(said.get("metadata"), dict):
        pairs = cast("dict[str, object]", said["metadata"])
        facts["metadata"] = {str(k)[:60]: str(v)[:200] for k, v in list(pairs.items())[:40]}
    listed = root + "requirements.txt"
    if listed in members.namelist():
        text = archive.read(members, listed, limit=1 << 18).decode("utf-8", "replace")
        lines = (line.strip() for line in text.splitlines())
        facts["requirements"] = [line[:120] for line in lines if line and not line.startswith("#")][
            :MOST_LISTED
        ]
    return facts


def _signature(said: object) -> dict[str, object]:
    """Return the columns that the signature names; MLflow writes them as JSON within YAML."""
    found: dict[str, object] = {}
    for side in ("inputs", "outputs"):
        text = said.get(side) if isinstance(said, dict) else None
        try:
            columns = json.loads(text) if isinstance(text, str) else []
        except (ValueError, RecursionError):
            columns = []
        if isinstance(columns, list) and columns:
            found[side] = [
                {"name": str(c.get("name", ""))[:200], "type": str(c.get("type", ""))[:40]}
                for c in columns[:MOST_LISTED]
                if isinstance(c, dict)
            ]
    return found
