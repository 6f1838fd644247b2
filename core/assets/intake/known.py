"""The versioned list of names: known ones by exact name, and those that no model may ask for."""

import _compat_pickle
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.assets.intake.stubs import Name

INNARDS = frozenset(
    {
        *(
            "os",
            "sys",
            "posix",
            "subprocess",
            "builtins",
            "importlib",
            "socket",
            "ctypes",
            "shutil",
            "pickle",
        ),
        *(
            "__builtins__",
            "__globals__",
            "__import__",
            "__subclasses__",
            "__loader__",
            "__dict__",
            "__class__",
        ),
    }
)
"""Attributes by which a harmless module hands out another one."""
FOLDER = Path(__file__).parents[3] / "data" / "intake"
LIST = FOLDER / "known_names.toml"
REVIEWED = FOLDER / "reviewed_names.toml"


@dataclass(frozen=True)
class NameList:
    """One version of the list; a name is known only if it stands there exactly, never by its prefix."""

    version: str
    known: frozenset[Name]
    forbidden_modules: frozenset[str]
    forbidden_names: frozenset[Name]

    def forbids(self, name: Name) -> bool:
        """Whether no model file may ask for `name`: its module or a package above it is forbidden."""
        return any(self._forbids(form) for form in {name, _renamed(name)}) or _reaches(
            name[1], self.forbidden_modules
        )

    def _forbids(self, name: Name) -> bool:
        parts = name[0].split(".")
        return name in self.forbidden_names or any(
            ".".join(parts[:n]) in self.forbidden_modules for n in range(1, len(parts) + 1)
        )


def _renamed(name: Name) -> Name:
    """Return what the loader makes of a name in a pickle of the old protocols."""
    module, attribute = _compat_pickle.NAME_MAPPING.get(name, name)
    return _compat_pickle.IMPORT_MAPPING.get(module, module), attribute


def _reaches(attribute: str, modules: frozenset[str]) -> bool:
    """Whether a path of attributes leads through a module or into what Python keeps under a class."""
    parts = attribute.split(".")
    if len(parts) == 1:
        return attribute in INNARDS
    return any(part in modules or part.startswith("__") for part in parts)


@lru_cache
def current() -> NameList:
    """Return the list that is in force."""
    found = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return NameList(
        found["version"],
        frozenset(_names(found["estimators"])) | frozenset(_names(found["reviewed"])),
        frozenset(found["forbidden_modules"]),
        frozenset(_names(found["forbidden"])),
    )


def generate() -> str:
    """Return the text of the list: the installed scikit-learn's estimators, then the names reviewed by hand."""
    import sklearn  # noqa: PLC0415 - heavy, and only the generator asks what is installed
    from sklearn.utils import all_estimators  # noqa: PLC0415

    reviewed = tomllib.loads(REVIEWED.read_text(encoding="utf-8"))
    grouped: dict[str, list[str]] = {}
    for _, found in all_estimators():
        grouped.setdefault(found.__module__, []).append(found.__name__)
    lines = [
        "# Written by `python -m core.assets.intake.known`; change reviewed_names.toml and run it again.",
        f'version = "{reviewed["version"]}"',
        f'scikit_learn = "{sklearn.__version__}"',
        f"forbidden_modules = {_list(reviewed['forbidden_modules'])}",
    ]
    for title, table in (
        ("estimators", grouped),
        ("reviewed", reviewed["reviewed"]),
        ("forbidden", reviewed["forbidden"]),
    ):
        lines += [
            "",
            f"[{title}]",
            *(f'"{module}" = {_list(names)}' for module, names in sorted(table.items())),
        ]
    return "\n".join(lines) + "\n"


def _names(table: Mapping[str, Iterable[str]]) -> Iterable[Name]:
    return ((module, name) for module, names in table.items() for name in names)


def _list(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{n}"' for n in sorted(set(names))) + "]"


if __name__ == "__main__":
    LIST.write_text(generate(), encoding="utf-8")
