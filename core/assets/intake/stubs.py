"""What stands in for every name that a pickle asks for: it takes anything and does nothing."""

from core.assets.intake.reasons import Rejected

Name = tuple[str, str]
MOST_NAMES = 20_000
MOST_LENGTH = 200
DISGUISED = frozenset({"NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper"})
"""Classes that make joblib read bytes: under any name but the usual one they would hide what follows."""


class Answer:
    """What a call of a stub answers: it accepts everything and does nothing."""

    name: Name | None = None
    arguments: tuple[object, ...] = ()
    state: object = None
    built = False
    settled: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state
        self.built = True

    def append(self, _item: object) -> None:
        """Take an item of a list, and forget it."""

    def extend(self, _items: object) -> None:
        """Take items of a list, and forget them."""

    def add(self, _item: object) -> None:
        """Take an item of a set, and forget it."""

    def __setitem__(self, _key: object, _value: object) -> None:
        """Take an item of a mapping, and forget it."""

    def __call__(self, *arguments: object, **_named: object) -> "Answer":
        return answer(None, arguments)


def answer(name: Name | None, arguments: tuple[object, ...]) -> Answer:
    answer = object.__new__(Answer)
    answer.name = name
    answer.arguments = arguments
    return answer


class Stub(type):
    """The type of every stub class: calling or instantiating it gives an `Answer`."""

    name: Name

    def __call__(cls, *arguments: object, **_named: object) -> Answer:
        return answer(cls.name, arguments)


def new_answer(cls: Stub, *arguments: object, **_named: object) -> Answer:
    return answer(cls.name, arguments)


class Names:
    """The names asked for so far, and one stub for each."""

    def __init__(self) -> None:
        self._stubs: dict[Name, Stub] = {}

    def stub(self, module: object, name: object) -> Stub:
        if type(module) is not str or type(name) is not str:
            raise Rejected("name")
        key = (module, name)
        if key not in self._stubs:
            if len(self._stubs) >= MOST_NAMES:
                raise Rejected("names")
            _require_plain(module, name)
            made = Stub(f"{module}.{name}", (Answer,), {"__new__": new_answer})
            made.name = key
            self._stubs[key] = made
        return self._stubs[key]

    def asked(self) -> frozenset[Name]:
        return frozenset(self._stubs)


def _require_plain(module: str, name: str) -> None:
    """Raise `Rejected` for a name that no class has, or that a reviewer would read as another."""
    parts = [*module.split("."), *name.split(".")]
    if len(module) + len(name) >= MOST_LENGTH or not all(part.isidentifier() for part in parts):
        raise Rejected("name_odd")
    if parts[-1] in DISGUISED and (module, name) != ("joblib.numpy_pickle", "NumpyArrayWrapper"):
        raise Rejected("forbidden", name=f"{module}.{name}")
