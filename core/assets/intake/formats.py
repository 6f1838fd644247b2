"""What a model file is, told by its content and never by its name."""

import zipfile
from collections.abc import Mapping
from enum import StrEnum
from typing import BinaryIO

from core.assets.intake import archive
from core.assets.intake.archive import BadArchive
from core.errors import Invalid
from core.i18n import N_, _

HEAD = 4096
COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x5d\x00")
PICKLE_HEADS = b"\x80(]}c)lid"
_ONNX_FIELDS = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2})


class Format(StrEnum):
    """A format that Aval evaluates."""

    SKOPS = "skops"
    JOBLIB = "joblib"
    ONNX = "onnx"


FORMAT_NAMES: Mapping[Format, str] = {
    Format.SKOPS: N_("skops"),
    Format.JOBLIB: N_("joblib or pickle"),
    Format.ONNX: N_("ONNX"),
}

_LATER: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "Keras (HDF5)"),
    (b"\x93NUMPY", "NumPy"),
    (b"PAR1", "Parquet"),
    (b"CBM1", "CatBoost"),
    (b"tree\n", "LightGBM"),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "XGBoost (UBJ)"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"ZF", "joblib 0.9"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "Windows"),
    (b"%PDF", "PDF"),
)


def recognise(file: BinaryIO, *, name: str) -> Format:
    """Return the format of a model file; raise `Invalid` naming what it is instead and what to send."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise Invalid(
            "artifact.empty",
            N_("{name} is empty."),
            fix=N_("Send the file again; it may have been cut off on its way."),
            field="artifact",
            name=name,
        )
    if head.startswith(b"PK"):
        return _zip(file, name)
    later = next((label for magic, label in _LATER if head.startswith(magic)), "") or _textual(head)
    if later:
        raise _unsupported(name, later)
    if head[:1] in {bytes([b]) for b in PICKLE_HEADS} or head.startswith(COMPRESSED):
        return Format.JOBLIB
    if head[0] == 0x08 and len(head) > 3 and 1 <= head[1] <= 30 and head[2] in _ONNX_FIELDS:
        return Format.ONNX
    raise _unsupported(name, "")


def _zip(file: BinaryIO, name: str) -> Format:
    try:
        with archive.opened(file) as members:
            names = set(members.namelist())
    except (BadArchive, zipfile.BadZipFile) as error:
        raise Invalid(
            "artifact.archive",
            N_("{name} is not an archive that can be opened safely: {reason}."),
            fix=N_("Save the model again with skops.io.dump."),
            field="artifact",
            name=name,
            reason=str(error),
        ) from error
    if "schema.json" in names:
        return Format.SKOPS
    bases = {n.rsplit("/", 1)[-1] for n in names}
    for member, label in (
        ("MLmodel", "MLflow"),
        ("data.pkl", "PyTorch"),
        ("model.weights.h5", "Keras"),
        ("saved_model.pb", "TensorFlow"),
    ):
        if member in bases:
            raise _unsupported(name, label)
    raise _unsupported(name, "ZIP")


def _textual(head: bytes) -> str:
    text = head.lstrip()
    if text.startswith(b"<") and b"<PMML" in head:
        return "PMML"
    if text.startswith(b"{") and b'"learner"' in head:
        return "XGBoost (JSON)"
    if (
        b"\0" not in head
        and text[:1].isalpha()
        and (b"," in head or b";" in head)
        and b"\n" in head
        and _ascii(head)
    ):
        return "CSV"
    return ""


def _ascii(head: bytes) -> bool:
    return all(b in b"\t\r\n" or b >= 32 for b in head)


def _unsupported(name: str, label: str) -> Invalid:
    return Invalid(
        "artifact.unsupported",
        N_("{name} is {label}, which Aval does not evaluate yet.")
        if label
        else N_("{name} is no model file that Aval knows."),
        fix=N_("Send a scikit-learn model saved with skops.io.dump or joblib.dump, or an ONNX file."),
        field="artifact",
        name=name,
        label=_(label),
    )
