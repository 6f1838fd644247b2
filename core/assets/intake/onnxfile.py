"""Reading an ONNX graph as data: which operators it uses, and that nothing of it lies in another file."""

from typing import BinaryIO

from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Name

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


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
    found: set[Name] = set()
    waiting = [model.graph.node, *(f.node for f in model.functions)]
    tensors = list(model.graph.initializer)
    while waiting:
        for node in waiting.pop():
            if node.domain not in DOMAINS:
                raise Rejected("onnx_domain", name=f"{node.domain[:60]}.{node.op_type[:60]}")
            found.add((node.domain or "ai.onnx", node.op_type))
            for attribute in node.attribute:
                graphs = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
                tensors += [*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])]
                waiting += [g.node for g in graphs]
                tensors += [t for g in graphs for t in g.initializer]
    if any(t.external_data or t.data_location == onnx.TensorProto.EXTERNAL for t in tensors):
        raise Rejected("onnx_external")
    return frozenset(found)
