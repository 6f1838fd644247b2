"""The type of an array as its pickle states it: how many bytes an item takes, and whether items are objects.

A type that lies about itself is refused wherever it stands: numpy trusts the flags in the state of a dtype, and
joblib reads a pickle in the place of bytes where they say that items are objects.
"""

import re
from typing import cast

from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Answer, Name

DTYPE: Name = ("numpy", "dtype")
Item = tuple[int, bool]
_CODE = re.compile(r"([biufcmMSUVO])(\d{1,9})")
_OBJECTS = 0x01
"""numpy's NPY_ITEM_REFCOUNT: what `dtype.hasobject` answers from."""
_PLAIN_FLAGS = 0x08 | 0x10 | 0x80
"""NEEDS_INIT, NEEDS_PYAPI and ALIGNED_STRUCT: they change nothing about how bytes are read."""


def item(dtype: object) -> Item:
    """Return bytes per item and whether items are objects; raise `Rejected` for a type not understood exactly.

    The facts of a type with a state were settled when it got that state: what is changed later changes nothing.
    """
    if not isinstance(dtype, Answer) or dtype.name != DTYPE:
        raise Rejected("array_type")
    if dtype.built:
        return cast("Item", dtype.settled)
    letter, number = _code(dtype)
    return (8, True) if letter == "O" else (number * (4 if letter == "U" else 1), False)


def settle(dtype: Answer) -> Item:
    """Return what `item` answers from now on for a type whose state has just been set; raise `Rejected`.

    The state is (version, order, subdtype, names, fields, size, alignment, flags[, metadata]).
    """
    letter, number = _code(dtype)
    state = dtype.state
    if type(state) is not tuple or not 8 <= len(state) <= 9:
        raise Rejected("array_type")
    subdtype, names, fields, size, _alignment, flags = state[2:8]
    whole = number * (4 if letter == "U" else 1)
    if type(size) is not int or type(flags) is not int or (names is None) != (fields is None):
        raise Rejected("array_type")
    objects = letter == "O"
    if subdtype is not None or fields is not None:
        if letter != "V" or size != number:
            raise Rejected("array_type")
        objects = _inner(subdtype, fields)
    elif size != whole and (letter in "SUV" or size != -1):
        raise Rejected("array_type")
    if bool(flags & _OBJECTS) != objects or (not objects and flags & ~_PLAIN_FLAGS):
        raise Rejected("array_type")
    return (8 if letter == "O" else whole), objects


def _code(dtype: Answer) -> tuple[str, int]:
    arguments = dtype.arguments
    code = arguments[0] if arguments else None
    found = _CODE.fullmatch(code) if type(code) is str else None
    if found is None or len(arguments) > 3 or any(type(a) not in {bool, int} for a in arguments[1:]):
        raise Rejected("array_type")
    return found[1], int(found[2])


def _inner(subdtype: object, fields: object) -> bool:
    """Whether a part of a structured or repeated type is objects."""
    parts: list[object] = []
    if subdtype is not None:
        if type(subdtype) is not tuple or len(subdtype) != 2:
            raise Rejected("array_type")
        parts.append(subdtype[0])
    if fields is not None:
        if type(fields) is not dict or any(type(f) is not tuple or not f for f in fields.values()):
            raise Rejected("array_type")
        parts += [f[0] for f in fields.values()]
    objects = [item(part)[1] for part in parts]
    return any(objects)
