"""Inert reading of pickles: the real pickle machine runs, but every name it asks for answers with a stub.

No code of the file can run, because nothing callable is ever resolved; what remains is the exact set of names
that loading would import. The reader is a twin of joblib's own (1.6): the same pure-Python machine, the same
place from which array bytes are taken, the same fresh machine for object arrays. Streams that the C machine
would read are read by it too, and a disagreement between the two is refused.
"""

import pickle
import re
from collections.abc import Callable
from typing import Any, BinaryIO, ClassVar, cast

from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Answer, Name, Names, Stub, answer

WRAPPER: Name = ("joblib.numpy_pickle", "NumpyArrayWrapper")
RECONSTRUCTOR: Name = ("copyreg", "_reconstructor")
DTYPE: Name = ("numpy", "dtype")
ARRAY_FACTS = {"subclass", "shape", "order", "dtype", "allow_mmap"}
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
        self.trained_with: set[str] = set()

    def find_class(self, module: object, name: object) -> Stub:
        return self.names.stub(module, name)

    def persistent_load(self, _pid: object) -> object:
        raise Rejected("persistent")

    def get_extension(self, code: int) -> None:
        raise Rejected("extension", code=code)

    def load_build(self) -> None:
        if len(self.stack) < 2:
            raise Rejected("state")
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Answer):
            # A state given to a class or to plain data changes what a later name means.
            raise Rejected("state")
        target.__setstate__(state)
        if type(state) is dict and type(state.get(TRAINED_WITH)) is str:
            self.trained_with.add(state[TRAINED_WITH][:40])
        if self.arrays and _made(target) == WRAPPER:
            self.stack[-1] = self._skip_array(state)

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

    def _skip_array(self, state: object) -> Answer:
        """Step over the bytes of one array as joblib's `NumpyArrayWrapper.read_array` takes them."""
        self.met_arrays = True
        if type(state) is not dict or not set(state) >= ARRAY_FACTS:
            raise Rejected("array_facts")
        facts = cast("dict[str, object]", state)
        shape = facts["shape"]
        if type(shape) is not tuple or any(type(n) is not int or n < 0 for n in shape):
            raise Rejected("array_shape")
        size, has_objects = _item(facts["dtype"])
        if has_objects:
            if self.depth > MOST_DEPTH:
                raise Rejected("nested")
            _nested(self.file, self.names, self.depth + 1)
            return answer(None, ())
        if facts.get("numpy_array_alignment_bytes") is not None:
            padding = self.file.read(1)
            if len(padding) != 1:
                raise Rejected("array_bytes")
            self._skip(padding[0])
        count = 1
        for n in shape:
            count *= n
        self._skip(count * size)
        return answer(None, ())

    def _skip(self, left: int) -> None:
        while left > 0:
            got = len(self.file.read(min(left, CHUNK)))
            if not got:
                raise Rejected("array_bytes")
            left -= got


def _made(target: Answer) -> Name | None:
    """Return the name of the class of which `target` is an instance, as the loader would see it."""
    if target.name == RECONSTRUCTOR and target.arguments and isinstance(target.arguments[0], Stub):
        return target.arguments[0].name
    return target.name


def _item(dtype: object) -> tuple[int, bool]:
    """Return bytes per item and whether items are objects; `Rejected` for a dtype not understood exactly."""
    if not isinstance(dtype, Answer) or dtype.name != DTYPE or not dtype.arguments:
        raise Rejected("array_type")
    code = dtype.arguments[0]
    found = re.fullmatch(r"([biufcmMSUVO])(\d{1,9})", code) if type(code) is str else None
    if found is None:
        raise Rejected("array_type")
    letter, number = found[1], int(found[2])
    if letter == "O":
        return 8, True
    fields = _fields(dtype, letter, number) if dtype.built else None
    if fields is None:
        return number * (4 if letter == "U" else 1), False
    inner = [_item(f[0]) if type(f) is tuple and f else (0, True) for f in fields.values()]
    if any(objects for _, objects in inner):
        raise Rejected("array_type")
    return number, False


def _fields(dtype: Answer, letter: str, number: int) -> dict[object, object] | None:
    """Return the fields that the state of a dtype names: (version, order, subdtype, names, fields, size, …)."""
    state = dtype.state
    if type(state) is not tuple or not 8 <= len(state) <= 9:
        raise Rejected("array_type")
    subdtype, names, fields, size = state[2:6]
    if subdtype is not None or (names is None) != (fields is None):
        raise Rejected("array_type")
    if fields is None:
        if size not in {-1, number} and letter == "V":
            raise Rejected("array_type")
        if letter in "SU" and size not in {-1, number * (4 if letter == "U" else 1)}:
            raise Rejected("array_type")
        return None
    if letter != "V" or type(fields) is not dict or size != number:
        raise Rejected("array_type")
    return cast("dict[object, object]", fields)


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
