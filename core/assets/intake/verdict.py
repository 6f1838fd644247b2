"""The verdict on a model file: triage before the isolated runner, which is the defence."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import BinaryIO

from core.assets.intake import archive, inert, known, onnxfile, unpacking
from core.assets.intake.archive import BadArchive
from core.assets.intake.formats import Format
from core.assets.intake.inert import Name, Rejected
from core.assets.intake.known import NameList
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


class Verdict(StrEnum):
    """What reading the file showed."""

    KNOWN = "known"
    REVIEW = "review"
    REFUSED = "refused"


VERDICT_NAMES: Mapping[Verdict, str] = {
    Verdict.KNOWN: N_("Known content"),
    Verdict.REVIEW: N_("Needs review"),
    Verdict.REFUSED: N_("Refused"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict, why, and the names beyond the list (all names, dotted, when the verdict is `known`)."""

    verdict: Verdict
    reason: str
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    list_version: str


def names_digest(unknown: Iterable[str]) -> str:
    """SHA-256 of the unknown names in order, one per line: what a reviewer's approval is bound to."""
    return hashlib.sha256("\n".join(sorted(unknown)).encode()).hexdigest()


def judge(file: BinaryIO, kind: Format, names: NameList | None = None) -> Finding:
    """Read a model file without loading it and return the verdict; nothing of the file is run."""
    names = names or known.current()
    try:
        if kind is Format.JOBLIB:
            asked = inert.names_in(unpacking.unpacked(file))
        elif kind is Format.SKOPS:
            asked = skops_names(file)
        else:
            asked = onnxfile.operators(file)
            return Finding(Verdict.KNOWN, "", _dotted(asked), (), names.version)
    except (Rejected, BadArchive) as error:
        return Finding(Verdict.REFUSED, str(error), (), (), names.version)
    return weigh(asked, names)


def weigh(asked: Iterable[Name], names: NameList) -> Finding:
    """Return the verdict on the names that loading a file would import."""
    asked = frozenset(asked)
    forbidden = sorted(".".join(n) for n in asked if names.forbids(n))
    if forbidden:
        return Finding(
            Verdict.REFUSED, f"it asks for {forbidden[0]}", _dotted(asked), tuple(forbidden), names.version
        )
    unknown = _dotted(asked - names.known)
    if len(unknown) > MOST_UNKNOWN:
        reason = f"it asks for {len(unknown)} names beyond the list, more than anybody reviews"
        return Finding(Verdict.REFUSED, reason, _dotted(asked), unknown, names.version)
    return Finding(Verdict.REVIEW if unknown else Verdict.KNOWN, "", _dotted(asked), unknown, names.version)


def skops_names(file: BinaryIO) -> frozenset[Name]:
    """Return the names that a `.skops` file asks for; raise `BadArchive` or `Rejected`."""
    file.seek(0)
    found: set[Name] = set()
    with archive.opened(file) as members:
        try:
            schema = json.loads(archive.read(members, "schema.json", limit=MOST_SCHEMA))
        except (ValueError, KeyError, RecursionError) as error:
            raise Rejected("a schema that cannot be read") from error
        for info in members.infolist():
            if info.filename == "schema.json" or info.is_dir():
                continue
            with members.open(info) as member:
                head = member.read(16)
            if info.filename.endswith(".npz"):
                _sparse(archive.read(members, info.filename))
            elif head.startswith(archive.NESTED):
                raise BadArchive("an archive within the archive")
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
        raise Rejected("a schema with a nameless part")
    found = {(module, name)}
    if loader not in SKOPS_LOADERS:
        found.add(("skops.io", loader))
    return found


def _sparse(data: bytes) -> None:
    try:
        with archive.opened(BytesIO(data), most_members=20) as members:
            if any(not n.endswith(".npy") for n in members.namelist()):
                raise BadArchive("an archive within the archive")
            for name in members.namelist():
                if b"'|O'" in archive.read(members, name)[:256]:
                    raise BadArchive("a sparse matrix of objects")
    except zipfile.BadZipFile as error:
        raise BadArchive("a sparse matrix that cannot be opened") from error


def _dotted(names: Iterable[Name]) -> tuple[str, ...]:
    return tuple(sorted(".".join(n) for n in names))
