"""Inert reading of pickles: the real pickle machine runs, but every name it asks for answers with a stub.

No code of the file can run, because nothing callable is ever resolved; what remains is the exact set of names
that loading would import. The reader is a twin of joblib's own (1.6): the same pure-Python machine, the same
place from which array bytes are taken, the same fresh machine for object arrays. Streams that the C machine
would read are read by it too, and a disagreement between the two is refused.
"""

import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, ClassVar

from core.assets.intake import dtypes
from core.assets.intake.dtypes import DTYPE
from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Answer, Name, Names, Stub, answer

WRAPPER: Name = ("joblib.numpy_pickle", "NumpyArrayWrapper")
ARRAY_FACTS = {"subclass", "shape", "order", "dtype", "allow_mmap"}
ALIGNMENT = "numpy_array_alignment_bytes"
_BETWEEN = {pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE, pickle.FRAME}
MOST_MEMO = 1 << 24
MOST_DEPTH = 200
MOST_MARKS = 10_000
CHUNK = 1 << 20
TRAINED_WITH = "_sklearn_version"
"""What scikit-learn writes into the state of every estimator."""


class _CReader(pickle.Unpickler):
    """The C machine with stubs for names."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")
        self.names = Names()

    def find_class(self, module: str, name: str) -> Any:
        return self.names.stub(module, name)

    def persistent_load(self, _pid: object) -> Any:
        raise Rejected("persistent")


_Machine: Any = pickle._Unpickler  # noqa: SLF001 - joblib loads with this very class


class _Reader(_Machine):  # type: ignore[misc]
    """The pure-Python machine with stubs for names; `arrays` says whether joblib's array bytes follow."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_Machine.dispatch)

    def __init__(self, file: BinaryIO, names: Names, *, arrays: bool, depth: int = 0) -> None:
        super().__init__(file, encoding="latin1")
        self.file = file
        self.names = names
        self.arrays = arrays
        self.depth = depth
        self.met_arrays = False
        self.in_array = False
        self.trained_with: set[str] = set()

    def find_class(self, module: object, name: object) -> Stub:
        return self.names.stub(module, name)

    def persistent_load(self, _pid: object) -> object:
        raise Rejected("persistent")

    def get_extension(self, code: int) -> None:
        raise Rejected("extension", code=code)

    def load_global(self) -> None:
        super().load_global()
        self._pushed()

    dispatch[pickle.GLOBAL[0]] = load_global

    def load_stack_global(self) -> None:
        super().load_stack_global()
        self._pushed()

    dispatch[pickle.STACK_GLOBAL[0]] = load_stack_global

    def load_get(self) -> None:
        super().load_get()
        self._pushed()

    dispatch[pickle.GET[0]] = load_get

    def load_binget(self) -> None:
        super().load_binget()
        self._pushed()

    dispatch[pickle.BINGET[0]] = load_binget

    def load_long_binget(self) -> None:
        super().load_long_binget()
        self._pushed()

    dispatch[pickle.LONG_BINGET[0]] = load_long_binget

    def load_inst(self) -> None:
        super().load_inst()
        if getattr(self.stack[-1], "name", None) == WRAPPER:
            raise Rejected("array_facts")

    dispatch[pickle.INST[0]] = load_inst

    def load_build(self) -> None:
        if len(self.stack) < 2:
            raise Rejected("state")
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Answer):
            # A state given to a class or to plain data changes what a later name means.
            raise Rejected("state")
        if target.name == DTYPE:
            if target.built:
                raise Rejected("array_type")
            target.__setstate__(state)
            target.settled = dtypes.settle(target)
            return
        target.__setstate__(state)
        if type(state) is dict and type(state.get(TRAINED_WITH)) is str:
            self.trained_with.add(state[TRAINED_WITH][:40])

    dispatch[pickle.BUILD[0]] = load_build

    def load_mark(self) -> None:
        if len(self.metastack) > MOST_MARKS:
            raise Rejected("nested")
        super().load_mark()

    dispatch[pickle.MARK[0]] = load_mark

    def load_long_binput(self) -> None:
        index = int.from_bytes(self.read(4), "little")
        self._remember(index)

    dispatch[pickle.LONG_BINPUT[0]] = load_long_binput

    def load_put(self) -> None:
        line = self.readline()[:-1]
        if not re.fullmatch(rb"\d{1,10}", line):
            raise Rejected("memo")
        self._remember(int(line))

    dispatch[pickle.PUT[0]] = load_put

    def _remember(self, index: int) -> None:
        if index > MOST_MEMO:
            raise Rejected("memo")
        self.memo[index] = self.stack[-1]

    def _pushed(self) -> None:
        """Look at what came onto the stack: joblib's wrapper has one shape, and is met in no other."""
        top = self.stack[-1]
        if type(top) is Stub and top.name == WRAPPER:
            self._array()
        elif isinstance(top, Answer) and top.name == WRAPPER:
            raise Rejected("array_facts")

    def _array(self) -> None:
        """Read one array from the class of its wrapper on: an empty instance, a mapping as its state, then bytes.

        joblib reads bytes wherever a state is given to a wrapper, so the reader must know each one for certain. This
        is the only form that joblib writes; a wrapper that comes about otherwise, or is passed to anything that might
        hand it on, could not be followed.
        """
        if not self.arrays or self.in_array:
            raise Rejected("array_facts")
        self.in_array = True
        self._only(pickle.EMPTY_TUPLE)
        self._only(pickle.NEWOBJ)
        base, place, marks = self.stack, len(self.stack) - 1, len(self.metastack)
        self._only(pickle.EMPTY_DICT)
        state = base[-1]
        while True:
            key = self.read(1)
            if not key or key == pickle.STOP:
                raise Rejected("array_facts")
            if key == pickle.BUILD and self.stack is base and len(base) == place + 2 and base[-1] is state:
                break
            self.dispatch[key[0]](self)
            if len(self.metastack) < marks or (self.stack is base and len(base) < place + 2):
                raise Rejected("array_facts")
        del base[place:]
        self.in_array = False
        self._skip_array(state)
        self.append(answer(None, ()))

    def _only(self, wanted: bytes) -> None:
        """Read on up to `wanted`; what may stand before it is remembering and framing."""
        while True:
            key = self.read(1)
            if key != wanted and key not in _BETWEEN:
                raise Rejected("array_facts")
            self.dispatch[key[0]](self)
            if key == wanted:
                return

    def _skip_array(self, facts: Mapping[object, object]) -> None:
        """Step over the bytes of one array as joblib's `NumpyArrayWrapper.read_array` takes them."""
        self.met_arrays = True
        # Not one fact more: what else stands in the state would take the place of the wrapper's own methods.
        if any(type(name) is not str for name in facts) or set(facts) - {ALIGNMENT} != ARRAY_FACTS:
            raise Rejected("array_facts")
        shape, alignment = facts["shape"], facts.get(ALIGNMENT)
        if type(shape) is not tuple or any(type(n) is not int or n < 0 for n in shape):
            raise Rejected("array_shape")
        if type(facts["subclass"]) is not Stub or type(alignment) not in {int, type(None)}:
            raise Rejected("array_facts")
        size, has_objects = dtypes.item(facts["dtype"])
        if has_objects:
            if self.depth > MOST_DEPTH:
                raise Rejected("nested")
            _nested(self.file, self.names, self.depth + 1)
            return
        if alignment is not None:
            padding = self.file.read(1)
            if len(padding) != 1:
                raise Rejected("array_bytes")
            self._skip(padding[0])
        count = 1
        for n in shape:
            count *= n
        self._skip(count * size)

    def _skip(self, left: int) -> None:
        while left > 0:
            got = len(self.file.read(min(left, CHUNK)))
            if not got:
                raise Rejected("array_bytes")
            left -= got


def _nested(file: BinaryIO, names: Names, depth: int) -> None:
    """Read the pickle that joblib writes for an object array; older joblib reads it with the C machine."""
    start = file.tell()
    own = Names()
    _Reader(file, own, arrays=False, depth=depth).load()
    _agree(file, start, own)
    for module, name in own.asked():
        names.stub(module, name)


def _agree(file: BinaryIO, start: int, names: Names) -> None:
    end = file.tell()
    file.seek(start)
    second = _CReader(file)
    second.load()
    if file.tell() != end or second.names.asked() != names.asked():
        raise Rejected("disagree")
    file.seek(end)


def _end(file: BinaryIO) -> None:
    if file.read(1):
        raise Rejected("tail")


def names_in(file: BinaryIO) -> frozenset[Name]:
    """Return every (module, name) that loading the pickle would import; see `read`."""
    return read(file)[0]


def read(file: BinaryIO) -> tuple[frozenset[Name], tuple[str, ...]]:
    """Return every (module, name) that loading the pickle would import, and the scikit-learn versions it names.

    `file` is seekable and uncompressed. Raise `Rejected` for anything that is not one whole, understood pickle:
    parse errors, bytes after the end, a disagreement between the two machines.
    """
    names = Names()
    start = file.tell()
    reader = _Reader(file, names, arrays=True)
    try:
        reader.load()
        _end(file)
        if not reader.met_arrays:
            _agree(file, start, names)
    except Rejected:
        raise
    except RecursionError as error:
        raise Rejected("nested") from error
    except MemoryError as error:
        raise Rejected("memory") from error
    except Exception as error:
        raise Rejected("pickle", error=type(error).__name__) from error
    return names.asked(), tuple(sorted(reader.trained_with))
