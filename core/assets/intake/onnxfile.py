"""Reading an ONNX graph as data: which operators it uses, and that nothing of it lies in another file."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Name

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""What the runtime brings with it; anything else would need a library of its own, or is written out in the file."""
MOST_DEPTH = 60


def operators(file: BinaryIO) -> frozenset[Name]:
    """Return (domain, operator) of every node; raise `Rejected` for foreign operators or external data."""
    import onnx  # noqa: PLC0415 - the server reads an ONNX file seldom, and never for a page

    file.seek(0)
    try:
        model = onnx.load_model_from_string(file.read())
    except Exception as error:  # protobuf's DecodeError, which has no typed home
        raise Rejected("onnx") from error
    if not model.graph.node:
        raise Rejected("onnx")
    own = {(f.domain, f.name) for f in model.functions}
    found: set[Name] = set()
    for part in _parts(model, 0):
        if isinstance(part, onnx.TensorProto):
            if part.external_data or part.data_location == onnx.TensorProto.EXTERNAL:
                raise Rejected("onnx_external")
        elif isinstance(part, onnx.NodeProto):
            if part.domain not in DOMAINS and (part.domain, part.op_type) not in own:
                raise Rejected("onnx_domain", name=f"{part.domain[:60]}.{part.op_type[:60]}")
            found.add((part.domain or "ai.onnx", part.op_type))
    return frozenset(found)


def _parts(message: Any, depth: int) -> Iterator[Any]:
    """Every message within `message`, wherever the format lets one stand: a list of places would miss one."""
    if depth > MOST_DEPTH:
        raise Rejected("nested")
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for inner in value if _repeated(field) else (value,):
            yield from _parts(inner, depth + 1)


def _repeated(field: Any) -> bool:
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED
