"""Why a file was not loaded: a code for each reason, and the sentence that people read.

An isolated child answers with a code and its parameters, never with a sentence: what it says is looked up here.
"""

from collections.abc import Mapping

from core.i18n import N_, _

MOST_PARAMETER = 120

REASONS: Mapping[str, str] = {
    "array_bytes": N_("The file was not loaded: it ends inside an array."),
    "array_facts": N_("The file was not loaded: it holds an array without its facts."),
    "array_shape": N_("The file was not loaded: it holds an array of odd shape."),
    "array_type": N_("The file was not loaded: it holds an array of unknown type."),
    "archive": N_("The file was not loaded: it is not an archive that can be opened."),
    "archive_encrypted": N_("The file was not loaded: a member of the archive is encrypted."),
    "archive_link": N_("The file was not loaded: the archive holds a symbolic link."),
    "archive_members": N_("The file was not loaded: the archive has too many members."),
    "archive_nested": N_("The file was not loaded: it holds an archive within the archive."),
    "archive_outside": N_("The file was not loaded: a member of the archive lies outside its folder."),
    "archive_ratio": N_("The file was not loaded: a member of the archive is packed more than 100 times."),
    "archive_size": N_("The file was not loaded: {name} in the archive is not as large as it says."),
    "archive_twice": N_("The file was not loaded: two members of the archive have the same name."),
    "booster": N_("The file was not loaded: it is not a whole {library} model."),
    "compressed": N_("The file was not loaded: its compressed data is damaged."),
    "compressed_cut": N_("The file was not loaded: its compressed data ends too early."),
    "compressed_ratio": N_("The file was not loaded: it is packed more than 100 times."),
    "compressed_tail": N_("The file was not loaded: bytes follow the compressed data."),
    "disagree": N_("The file was not loaded: two readers disagree about what it asks for."),
    "evidence_only": N_(
        "Aval does not load {format}: the model is governed by the scores supplied with the data."
    ),
    "extension": N_("The file was not loaded: it asks for the registered extension {code}."),
    "forbidden": N_("The file was not loaded: it asks for {name}, which no model needs."),
    "large": N_("The file was not loaded: it is too large when unpacked."),
    "memo": N_("The file was not loaded: it holds an odd memo index."),
    "memory": N_("The file was not loaded: it needs more memory than reading may take."),
    "mlmodel": N_("The file was not loaded: its MLmodel file cannot be read: {text}."),
    "mlmodel_member": N_("The file was not loaded: its MLmodel file names {name}, which is not there."),
    "mlmodel_inner": N_("The file was not loaded: the model inside is none that Aval knows."),
    "name": N_("The file was not loaded: it holds a name that is not text."),
    "name_odd": N_("The file was not loaded: it holds a name that no class can have."),
    "names": N_("The file was not loaded: it asks for too many names."),
    "nested": N_("The file was not loaded: it is nested too deep."),
    "object_arrays": N_("The file was not loaded: it holds a sparse matrix of objects."),
    "onnx": N_("The file was not loaded: it is not a whole ONNX file."),
    "onnx_domain": N_("The file was not loaded: it uses an operator of another domain, {name}."),
    "onnx_external": N_("The file was not loaded: its weights lie in another file."),
    "persistent": N_("The file was not loaded: it holds a persistent id."),
    "pickle": N_("The file was not loaded: it is not a whole pickle ({error})."),
    "schema": N_("The file was not loaded: its schema cannot be read."),
    "schema_part": N_("The file was not loaded: its schema has a part without a name."),
    "state": N_("The file was not loaded: it gives a state to something that is not an object."),
    "tail": N_("The file was not loaded: bytes follow the end."),
    "unknown": N_(
        "The file was not loaded: it asks for {count} names beyond the list, more than anybody reviews."
    ),
    "unreadable": N_("The file was not loaded: it is no model file that Aval knows."),
}


class Rejected(Exception):
    """The file cannot be vouched for; `code` is one of `REASONS`, `params` fill its sentence."""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(REASONS[code].format(**params))
        self.code = code
        self.params = {name: str(value)[:MOST_PARAMETER] for name, value in params.items()}


def told(code: str, params: Mapping[str, object]) -> str:
    """Return the reason in the reader's language; empty for none."""
    return _(REASONS[code], **params) if code in REASONS else ""
