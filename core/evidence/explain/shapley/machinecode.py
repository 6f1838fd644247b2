"""Functions compiled to machine code, kept on disk between processes where a folder may be written."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Compiled = TypeVar("Compiled", bound=Callable[..., object])

# NaN keeps its meaning: it is a missing value.
FAST = frozenset({"contract", "reassoc", "nsz", "arcp"})


def compiled(fastmath: frozenset[str] = frozenset()) -> Callable[[Compiled], Compiled]:
    """Compile for a locked process: without Python's lock, division by zero as IEEE has it."""

    def decorate(function: Compiled) -> Compiled:
        def native(*, cache: bool) -> Compiled:
            dispatcher = numba.njit(
                function, cache=cache, nogil=True, error_model="numpy", fastmath=set(fastmath) or False
            )
            return cast("Compiled", dispatcher)

        try:
            return native(cache=True)
        except RuntimeError:  # no place to write
            return native(cache=False)

    return decorate
