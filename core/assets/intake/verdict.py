"""The verdict on a model file: triage before the isolated runner, which is the defence."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from io import BytesIO
from typing import BinaryIO

from core.assets.intake import (
    archive,
    boosterfiles,
    formats,
    inert,
    known,
    mlflow,
    onnxfile,
    structure,
    unpacking,
)
from core.assets.intake.formats import EVIDENCE_ONLY, FORMAT_NAMES, Format
from core.assets.intake.known import NameList
from core.assets.intake.reasons import Rejected, told
from core.assets.intake.stubs import Name
from core.errors import Invalid
from core.i18n import N_

SKOPS_LOADERS = frozenset(
    [
        "BunchNode",
        "BytearrayNode",
        "BytesNode",
        "CachedNode",
        "DatetimeNode",
        "DefaultDictNode",
        "DictNode",
        "DTypeNode",
        "FunctionNode",
        "JsonNode",
        "PartialNode",
        "ListNode",
        "LossNode",
        "MaskedArrayNode",
        "NdArrayNode",
        "ObjectNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "SetNode",
        "SGDNode",
        "SliceNode",
        "SparseMatrixNode",
        "TreeNode",
        "TupleNode",
        "TypeNode",
    ]
)
MOST_SCHEMA = 64 << 20
MOST_UNKNOWN = 100
MOST_NAME = 120
_BOOSTERS: Mapping[Format, Callable[[BinaryIO], tuple[frozenset[Name], dict[str, object]]]] = {
    Format.XGBOOST: boosterfiles.xgboost,
    Format.LIGHTGBM: boosterfiles.lightgbm,
    Format.CATBOOST: boosterfiles.catboost,
}


class Verdict(StrEnum):
    """What reading the file showed; `evidence` for a file that is never read: the scores came with the data."""

    KNOWN = "known"
    REVIEW = "review"
    REFUSED = "refused"
    EVIDENCE = "evidence"


VERDICT_NAMES: Mapping[Verdict, str] = {
    Verdict.KNOWN: N_("Known content"),
    Verdict.REVIEW: N_("Needs review"),
    Verdict.REFUSED: N_("Refused"),
    Verdict.EVIDENCE: N_("Not loaded; scores supplied"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict and why: `code` is one of `reasons.REASONS`, empty where there is nothing to say.

    `names` are all names that loading would import, dotted; `unknown` those beyond the list, or forbidden ones;
    `facts` what the file says of itself.
    """

    verdict: Verdict
    code: str
    params: Mapping[str, str]
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    list_version: str
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why, in the reader's language."""
        return told(self.code, self.params)


def names_digest(unknown: Iterable[str]) -> str:
    """SHA-256 of the unknown names in order, one per line: what a reviewer's approval is bound to."""
    return hashlib.sha256("\n".join(sorted(unknown)).encode()).hexdigest()


def judge(file: BinaryIO, kind: Format, names: NameList | None = None) -> Finding:
    """Read a model file without loading it and return the verdict; nothing of the file is run."""
    names = names or known.current()
    if kind in EVIDENCE_ONLY:
        label = FORMAT_NAMES[kind]
        return Finding(Verdict.REVIEW, "evidence_only", {"format": label}, (), (), names.version)
    try:
        return _judge(file, kind, names)
    except Rejected as error:
        return Finding(Verdict.REFUSED, error.code, error.params, (), (), names.version)
    except MemoryError:
        return Finding(Verdict.REFUSED, "memory", {}, (), (), names.version)


def _judge(file: BinaryIO, kind: Format, names: NameList) -> Finding:
    if kind is Format.MLFLOW:
        return _mlflow(file, names)
    if kind in _BOOSTERS:
        asked, facts = _BOOSTERS[kind](file)
        return Finding(Verdict.KNOWN, "", {}, _dotted(asked), (), names.version, facts)
    if kind is Format.ONNX:
        return Finding(Verdict.KNOWN, "", {}, _dotted(onnxfile.operators(file)), (), names.version)
    if kind is Format.SKOPS:
        return weigh(skops_names(file), names)
    asked, versions = inert.read(unpacking.unpacked(file))
    return weigh(asked, names, {"sklearn": ", ".join(versions)[:80]} if versions else {})


def _mlflow(file: BinaryIO, names: NameList) -> Finding:
    inner, described = mlflow.model(file)
    try:
        kind = formats.recognise(inner, name=described.member)
    except Invalid as error:
        raise Rejected("mlmodel_inner") from error
    if kind is Format.MLFLOW or kind in EVIDENCE_ONLY:
        raise Rejected("mlmodel_inner")
    found = _judge(inner, kind, names)
    return replace(found, facts={**found.facts, **described.facts, "inner": kind.value})


def weigh(asked: Iterable[Name], names: NameList, facts: Mapping[str, object] | None = None) -> Finding:
    """Return the verdict on the names that loading a file would import."""
    asked = frozenset(asked)
    facts = facts or {}
    forbidden = sorted(".".join(n) for n in asked if names.forbids(n))
    if forbidden:
        params = {"name": forbidden[0][:MOST_NAME]}
        unknown = tuple(forbidden)
        return Finding(Verdict.REFUSED, "forbidden", params, _dotted(asked), unknown, names.version, facts)
    unknown = _dotted(asked - names.known)
    if len(unknown) > MOST_UNKNOWN:
        params = {"count": str(len(unknown))}
        return Finding(Verdict.REFUSED, "unknown", params, _dotted(asked), unknown, names.version, facts)
    verdict = Verdict.REVIEW if unknown else Verdict.KNOWN
    return Finding(verdict, "", {}, _dotted(asked), unknown, names.version, facts)


def skops_names(file: BinaryIO) -> frozenset[Name]:
    """Return the names that a `.skops` file asks for; raise `Rejected`."""
    file.seek(0)
    found: set[Name] = set()
    with archive.opened(file) as members:
        try:
            text = archive.read(members, "schema.json", limit=MOST_SCHEMA)
            structure.require_small(text)
            schema = json.loads(text)
        except (ValueError, KeyError, RecursionError) as error:
            raise Rejected("schema") from error
        for info in members.infolist():
            if info.filename == "schema.json" or info.is_dir():
                continue
            with members.open(info) as member:
                head = member.read(16)
            if info.filename.endswith(".npz"):
                _sparse(archive.read(members, info.filename))
            elif head.startswith(archive.NESTED):
                raise Rejected("archive_nested")
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            if "__class__" in node or "__loader__" in node:
                found |= _node(node)
    return frozenset(found)


def _node(node: Mapping[str, object]) -> set[Name]:
    module, name, loader = node.get("__module__"), node.get("__class__"), node.get("__loader__")
    if not isinstance(module, str) or not isinstance(name, str) or not isinstance(loader, str):
        raise Rejected("schema_part")
    found = {(module, name)}
    if loader not in SKOPS_LOADERS:
        found.add(("skops.io", loader))
    content = node.get("content")
    if isinstance(content, dict) and {"module_path", "function"} <= set(content):
        # The first protocol of skops takes a function from here, whatever its class says.
        found.add((str(content["module_path"]), str(content["function"])))
    return found


def _sparse(data: bytes) -> None:
    with archive.opened(BytesIO(data), most_members=20) as members:
        if any(not n.endswith(".npy") for n in members.namelist()):
            raise Rejected("archive_nested")
        for name in members.namelist():
            if b"'|O'" in archive.read(members, name)[:256]:
                raise Rejected("object_arrays")


def _dotted(names: Iterable[Name]) -> tuple[str, ...]:
    return tuple(sorted(".".join(n) for n in names))
