"""What a model file is, told by its content and never by its name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import BinaryIO

from core.assets.intake import archive, mlflow
from core.assets.intake.reasons import REASONS, Rejected
from core.errors import Invalid
from core.i18n import N_, _

HEAD = 4096
PICKLE_HEADS = b"\x80(]}c)lid"
UBJ = (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", b"{i\x07learner", b"{U\x07learner")
_ONNX_FIELDS = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2})


class Format(StrEnum):
    """A format that Aval governs: it evaluates the model itself, or the scores that came with the data."""

    SKOPS = "skops"
    JOBLIB = "joblib"
    ONNX = "onnx"
    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"
    CATBOOST = "catboost"
    MLFLOW = "mlflow"
    PMML = "pmml"
    KERAS = "keras"
    TENSORFLOW = "tensorflow"
    PYTORCH = "pytorch"
    PYFUNC = "pyfunc"
    BLACK_BOX = "black_box"


EVIDENCE_ONLY = frozenset(
    {Format.PMML, Format.KERAS, Format.TENSORFLOW, Format.PYTORCH, Format.PYFUNC, Format.BLACK_BOX}
)
"""Never loaded: the version is governed by the scores supplied with the data."""

FORMAT_NAMES: Mapping[Format, str] = {
    Format.SKOPS: N_("skops"),
    Format.JOBLIB: N_("joblib or pickle"),
    Format.ONNX: N_("ONNX"),
    Format.XGBOOST: N_("XGBoost"),
    Format.LIGHTGBM: N_("LightGBM"),
    Format.CATBOOST: N_("CatBoost"),
    Format.MLFLOW: N_("MLflow model"),
    Format.PMML: N_("PMML"),
    Format.KERAS: N_("Keras"),
    Format.TENSORFLOW: N_("TensorFlow"),
    Format.PYTORCH: N_("PyTorch"),
    Format.PYFUNC: N_("MLflow model with code of its own"),
    Format.BLACK_BOX: N_("black box"),
}

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"CBM1", Format.CATBOOST),
    (b"tree\n", Format.LIGHTGBM),
    (b"tree\r\n", Format.LIGHTGBM),
    *((head, Format.XGBOOST) for head in UBJ),
    (b"\x89HDF\r\n\x1a\n", Format.KERAS),
)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x93NUMPY", "NumPy"),
    (b"PAR1", "Parquet"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"ZF", "joblib 0.9"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "Windows"),
    (b"%PDF", "PDF"),
)
_MEMBERS = (
    ("data.pkl", Format.PYTORCH),
    ("constants.pkl", Format.PYTORCH),
    ("model.weights.h5", Format.KERAS),
    ("saved_model.pb", Format.TENSORFLOW),
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
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None) or _textual(head)
    if found is not None:
        return found
    other = next((label for magic, label in _OTHERS if head.startswith(magic)), "")
    if other or _is_csv(head):
        raise _unsupported(name, other or "CSV")
    if head[:1] in {bytes([b]) for b in PICKLE_HEADS} or head.startswith(archive.COMPRESSED):
        return Format.JOBLIB
    if head[0] == 0x08 and len(head) > 3 and 1 <= head[1] <= 30 and head[2] in _ONNX_FIELDS:
        return Format.ONNX
    raise _unsupported(name, "")


def _zip(file: BinaryIO, name: str) -> Format:
    try:
        with archive.opened(file) as members:
            names = set(members.namelist())
            if "schema.json" in names:
                return Format.SKOPS
            if mlflow.described(names):
                inner = mlflow.kind(mlflow.describe(members))
                return Format.MLFLOW if inner is None else Format(inner)
    except Rejected as reason:
        raise refusal(reason, name) from reason
    bases = {n.rsplit("/", 1)[-1] for n in names}
    for member, kind in _MEMBERS:
        if member in bases:
            return kind
    raise _unsupported(name, "ZIP")


def refusal(reason: Rejected, name: str) -> Invalid:
    """Return the error for a file that cannot even be opened under the limits."""
    return Invalid(
        "artifact.archive",
        REASONS[reason.code],
        fix=N_("Save the model again with skops.io.dump."),
        field="artifact",
        **{"file": name, **reason.params},
    )


def _textual(head: bytes) -> Format | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<") and b"<PMML" in head:
        return Format.PMML
    if text.startswith(b"{") and b'"learner"' in head:
        return Format.XGBOOST
    return None


def _is_csv(head: bytes) -> bool:
    return (
        b"\0" not in head
        and head.lstrip()[:1].isalpha()
        and (b"," in head or b";" in head)
        and b"\n" in head
        and all(b in b"\t\r\n" or b >= 32 for b in head)
    )


def _unsupported(name: str, label: str) -> Invalid:
    return Invalid(
        "artifact.unsupported",
        N_("{name} is {label}, which is no model that Aval evaluates.")
        if label
        else N_("{name} is no model file that Aval knows."),
        fix=N_(
            "Send a scikit-learn model saved with skops.io.dump or joblib.dump, an ONNX file, a booster's own file "
            "(XGBoost, LightGBM, CatBoost), or an MLflow model folder as ZIP."
        ),
        field="artifact",
        name=name,
        label=_(label),
    )
