"""Hostile pickles: none is known, none runs; honest ones are known. The corpus is made here, kind by kind."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, SplineTransformer
from sklearn.svm import SVC

from core.assets.intake import formats, known, verdict
from core.assets.intake.formats import Format
from core.assets.intake.verdict import Verdict
from core.errors import Invalid
from tests.core.assets.intake.desync import asked, disagreements, said, shell

ROOT = Path(__file__).parents[4]


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.function = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.function


class Built:
    """Pickles as a call with a state, list items and mapping items that are calls themselves."""

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (), None, None, iter([(1, self.inner)])


def text(module: str, name: str, *, argument: str = "id") -> bytes:
    return f"c{module}\n{name}\n(S'{argument}'\ntR.".encode()


def wrapped(stream: bytes, *, protocol: int = 4) -> bytes:
    return b"\x80" + bytes([protocol]) + stream


def hostile(canary: str) -> Iterator[tuple[str, bytes]]:
    touch = f"touch {canary}"
    assert len(touch) < 180, "a short literal holds it"
    call = Call(os.system, touch)
    for protocol in range(6):
        yield f"reduce, protocol {protocol}", pickle.dumps(call, protocol)
        yield f"nested, protocol {protocol}", pickle.dumps({"model": [1, (2, Built(call))]}, protocol)
    for name, pack in (
        ("zlib", zlib.compress),
        ("gzip", gzip.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
        ("lzma", lambda b: lzma.compress(b, format=lzma.FORMAT_ALONE)),
    ):
        yield f"compressed with {name}", pack(pickle.dumps(call))
        yield f"two streams of {name}", pack(pickle.dumps(1)) + pack(pickle.dumps(call))
        yield f"bytes after {name}", pack(pickle.dumps(1)) + b"x"
        yield f"{name} within {name}", pack(pack(pickle.dumps(call)))
        yield f"cut {name}", pack(pickle.dumps(list(range(1000))))[:-5]
    for options in ({}, {"compress": 3}, {"compress": ("bz2", 3)}, {"compress": ("xz", 1)}, {"protocol": 2}):
        buffer = io.BytesIO()
        joblib.dump({"a": np.arange(100.0), "b": call}, buffer, **options)
        yield f"joblib beside an array {options}", buffer.getvalue()
        buffer = io.BytesIO()
        joblib.dump(np.array([call, 1], dtype=object), buffer, **options)
        yield f"joblib object array {options}", buffer.getvalue()
        buffer = io.BytesIO()
        joblib.dump(
            [np.zeros(3), np.array([[np.array([call], dtype=object)]], dtype=object)], buffer, **options
        )
        yield f"joblib nested object array {options}", buffer.getvalue()
    for module, name in (
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("subprocess", "getoutput"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("__builtin__", "eval"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("builtins", "open"),
        ("io", "open"),
        ("_io", "FileIO"),
        ("importlib", "import_module"),
        ("runpy", "run_path"),
        ("pickle", "loads"),
        ("_pickle", "loads"),
        ("joblib", "load"),
        ("joblib.numpy_pickle", "load"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("pandas", "read_pickle"),
        ("pandas.io.pickle", "read_pickle"),
        ("socket", "create_connection"),
        ("ctypes", "CDLL"),
        ("webbrowser", "open"),
        ("operator", "attrgetter"),
        ("_operator", "methodcaller"),
        ("functools", "reduce"),
        ("sys", "modules"),
        ("types", "FunctionType"),
        ("marshal", "loads"),
        ("shutil", "rmtree"),
        ("pip", "main"),
        ("cProfile", "run"),
        ("timeit", "timeit"),
        ("asyncio.subprocess", "create_subprocess_shell"),
        ("multiprocessing.util", "spawnv_passfds"),
        ("concurrent.futures.process", "_process_worker"),
        ("sklearn.datasets._base", "fetch_file"),
        ("sklearn.utils.fixes", "loads"),
        ("numpy.testing._private.utils", "runstring"),
        ("sklearn.linear_model._logistic", "os.system"),
        ("a.model.of.my.own", "Model"),
    ):
        yield f"global {module}.{name}", text(module, name, argument=touch)
        named = (
            b"\x8c" + bytes([len(module)]) + module.encode() + b"\x8c" + bytes([len(name)]) + name.encode()
        )
        yield f"stack global {module}.{name}", wrapped(named + b"\x93" + said(touch) + b"\x85R.")
    argument = f"S'{touch}'\n".encode()
    yield "inst", b"(" + argument + b"ios\nsystem\n."
    yield "obj", b"(cos\nsystem\n" + argument + b"o."
    yield "newobj", wrapped(b"cos\nsystem\n" + argument + b"\x85\x81.")
    yield "newobj_ex", wrapped(b"cos\nsystem\n" + argument + b"\x85}\x92.")
    yield (
        "name through the memo",
        wrapped(b"\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93" + argument + b"\x85R."),
    )
    yield "build on a class", wrapped(b"csklearn.linear_model._logistic\nLogisticRegression\n}b.")
    yield "extension", wrapped(b"\x82\x01.", protocol=2)
    yield "long extension", wrapped(b"\x84\x01\x00\x00\x00.", protocol=2)
    yield "persistent id", b"Pmodel\n."
    yield "binary persistent id", wrapped(b"K\x01Q.")
    yield "second pickle after the first", pickle.dumps(1) + pickle.dumps(call)
    yield "bytes after the end", pickle.dumps({"a": 1}) + b"\0"
    yield "no end", pickle.dumps({"a": 1})[:-1]
    yield "nothing on the stack", b"\x80\x04."
    yield "memo index", wrapped(b"K\x01r\xff\xff\xff\x7f.")
    yield "memo index in text", b"I1\np999999999999\n."
    yield "length over the file", wrapped(b"\x8d" + struct.pack("<Q", 1 << 40) + b"x.")
    yield "frame over the file", wrapped(b"\x95" + struct.pack("<Q", 1 << 40) + b"K\x01.")
    yield "unknown opcode", wrapped(b"\xff.")
    yield "buffer", wrapped(b"\x97.", protocol=5)
    yield "a bomb of zlib", zlib.compress(b"\x80\x04" + b"N0" * (100 << 20), 9)[:]
    yield "an array without its bytes", _array(lambda state: state, b"")
    yield "an array of negative shape", _array(lambda state: {**state, "shape": (-1,)}, b"")
    yield (
        "an array of objects said to be bytes",
        _array(lambda state: {**state, "dtype": Call(np.dtype, "O,O")}, b""),
    )
    yield "an array with a call for its type", _array(lambda state: {**state, "dtype": call}, b"")
    yield from (*disagreements(shell(touch)), *_odd_names(touch), *_within_archives(touch, call))


def _odd_names(touch: str) -> Iterator[tuple[str, bytes]]:
    for module, name in (
        ("__builtin__", "reduce"),
        ("itertools", "imap"),
        ("cPickle", "loads"),
        ("commands", "getoutput"),
        ("sklearn.utils", "os.system"),
        ("numpy", "os"),
        ("sklearn.pipeline", "Pipeline.__init__.__globals__"),
        ("os\u200b", "system"),
        ("os ", "system"),
        ("a.b\nos", "system"),
        ("", "eval"),
        ("x" * 250, "Model"),
    ):
        yield f"an odd name {module[:20]!r} {name}", wrapped(asked(module, name) + said(touch) + b"\x85R.")


def _within_archives(touch: str, call: Call) -> Iterator[tuple[str, bytes]]:
    yield from (
        (f"{name} within a folder of MLflow", _mlflow(data))
        for name, data in (
            ("a pickle", pickle.dumps(call)),
            ("a packed pickle", zlib.compress(pickle.dumps(call))),
            ("a folder", _mlflow(pickle.dumps(call))),
            *list(disagreements(shell(touch)))[:3],
        )
    )
    yield "a sparse matrix of objects", skops_with(lambda s: s, **{"x.npz": _npz(call)})


def _mlflow(model: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("MLmodel", "flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
        made.writestr("model.pkl", model)
    return buffer.getvalue()


def _npz(item: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, data=np.array([item], dtype=object))
    return buffer.getvalue()


def _array(change, data: bytes) -> bytes:
    from joblib.numpy_pickle import NumpyArrayWrapper

    plain = NumpyArrayWrapper(np.ndarray, (4,), "C", np.dtype("f8"))
    plain.__dict__ = change(dict(plain.__dict__))
    return pickle.dumps(plain, 4)[:-1] + data + b"."


WATCHED = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from core.assets.intake import archive, formats, verdict
from core.errors import Invalid
import bz2, encodings.cp437, encodings.raw_unicode_escape, lzma, zipfile, zlib
harm, counts, known = [], {}, []
prefixes = ("os.", "subprocess", "socket", "ctypes", "shutil", "pty", "exec", "compile", "import", "webbrowser")
quiet = {"os.listdir", "os.scandir"}
before = set(sys.modules)
def watch(event, arguments):
    if watching and event.startswith(prefixes) and event not in quiet and not (event == "import" and arguments[0] in before):
        harm.append([event, repr(arguments)[:120]])
watching = False
sys.addaudithook(watch)
for path in sorted(pathlib.Path(sys.argv[2]).iterdir()):
    with path.open("rb") as file:
        watching = True
        try:
            found = verdict.judge(file, formats.recognise(file, name=path.name)).verdict.value
        except Invalid:
            found = "refused"
        watching = False
    counts[found] = counts.get(found, 0) + 1
    if found == "known":
        known.append(path.name)
print(json.dumps([counts, known, harm]))
"""
"""Judges every file of a folder while the interpreter itself reports processes, sockets, code and imports."""
NAMES = (
    "model.onnx",
    "model.skops",
    "model.txt",
    "model.cbm",
    "model.joblib",
    "model.pkl",
    "model.zip",
    "model",
)


def test_no_hostile_file_is_known_and_none_runs(tmp_path, capsys):
    canary, folder = tmp_path / "ran", tmp_path / "files"
    folder.mkdir()
    corpus = dict(hostile(str(canary)))
    assert len(corpus) >= 120
    for number, data in enumerate(corpus.values()):
        (folder / f"{number:03}-{NAMES[number % len(NAMES)]}").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(ROOT), str(folder)], capture_output=True, text=True, check=True
    )
    counts, known_ones, harm = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\nhostile files: {len(corpus)}, {counts}, known {len(known_ones)}, executed {len(harm)}")
    assert [list(corpus)[int(name[:3])] for name in known_ones] == []
    assert not harm, json.dumps(harm)
    assert not canary.exists()
    assert sum(counts.values()) == len(corpus)


def test_what_is_read_in_two_ways_would_run_if_it_were_loaded(tmp_path):
    """Each of these was known once: joblib runs what a reader that counts otherwise takes for bytes."""
    folder = tmp_path / "f"
    folder.mkdir()
    names = list(dict(disagreements(b"N")))
    for number, name in enumerate(names):
        file = dict(disagreements(shell(f"touch {folder}/{number}")))[name]
        (folder / f"m{number}").write_bytes(file)
        assert judged(file).verdict is Verdict.REFUSED, name
    # A process for each: some of them break the memory of who loads them.
    source = (
        "import joblib, os, sys, sklearn.pipeline\nfor p in sys.argv[1:]:\n if not os.fork():\n"
        "  try: joblib.load(p)\n  finally: os._exit(0)\n os.wait()"
    )
    words = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        source,
        *(str(folder / f"m{n}") for n in range(len(names))),
    ]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    assert sum((folder / str(n)).exists() for n in range(len(names))) >= 10


@pytest.mark.parametrize(
    "name",
    ["os.system", "posix.system", "builtins.eval", "builtins.getattr", "subprocess.Popen", "joblib.load"],
)
def test_names_of_harm_are_refused_not_reviewed(name, tmp_path):
    module, _, function = name.rpartition(".")
    found = judged(text(module, function))
    assert found.verdict is Verdict.REFUSED
    assert name in found.reason


def judged(data: bytes) -> verdict.Finding:
    file = io.BytesIO(data)
    try:
        kind = formats.recognise(file, name="model")
    except Invalid:
        return verdict.Finding(Verdict.REFUSED, "unreadable", {}, (), (), "")
    return verdict.judge(file, kind)


def test_hostile_files_would_run_if_they_were_loaded(tmp_path):
    """The corpus has teeth: what is refused here does harm where it is loaded."""
    canary = tmp_path / "ran"
    teeth = tmp_path / "teeth.pkl"
    teeth.write_bytes(dict(hostile(str(canary)))["inst"])
    subprocess.run(["python3", "-c", f"import pickle; pickle.load(open({str(teeth)!r}, 'rb'))"], check=True)
    assert canary.exists()


def honest() -> list[object]:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(120, 4))
    y = (X[:, 0] > 0).astype(int)
    models = [
        LogisticRegression(),
        SGDClassifier(loss="modified_huber"),
        RandomForestClassifier(5),
        HistGradientBoostingClassifier(max_iter=3),
        CalibratedClassifierCV(GaussianNB(), method="isotonic"),
        SVC(),
        KNeighborsClassifier(algorithm="ball_tree"),
        MLPClassifier(max_iter=3),
        GaussianProcessClassifier(),
        KMeans(2),
        StackingClassifier([("a", GaussianNB()), ("b", LogisticRegression())]),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, scoring="roc_auc"),
        make_pipeline(
            FunctionTransformer(np.tanh), SimpleImputer(), SelectKBest(f_classif, k=2), LogisticRegression()
        ),
        make_pipeline(PowerTransformer(), SplineTransformer(), LogisticRegression()),
        GradientBoostingRegressor(n_estimators=3),
    ]
    return [*(m.fit(X, y) for m in models), PoissonRegressor().fit(X, y + 1.0)]


@pytest.mark.filterwarnings("ignore")
def test_honest_models_are_known_in_every_way_to_save_them():
    for model in honest():
        for options in (
            {},
            {"compress": 3},
            {"compress": ("lzma", 1)},
            {"compress": ("gzip", 3)},
            {"protocol": 2},
        ):
            buffer = io.BytesIO()
            joblib.dump(model, buffer, **options)
            found = judged(buffer.getvalue())
            assert found.verdict is Verdict.KNOWN, (type(model), options, found)
        assert judged(pickle.dumps(model)).verdict is Verdict.KNOWN
        assert judged(skops.io.dumps(model)).verdict is Verdict.KNOWN, type(model)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.integers(0, 5),
)
@settings(max_examples=150, deadline=None)
def test_plain_data_asks_for_no_name_beyond_plain_ones(value, protocol):
    found = verdict.judge(io.BytesIO(pickle.dumps(value, protocol)), Format.JOBLIB)
    assert found.verdict is Verdict.KNOWN
    assert set(found.names) <= {"_codecs.encode", "__builtin__.bytes"}


KINDS = [
    *("?", "i1", "<i4", ">i4", "u8", "f2", "f4", "f8", "f16", "c8", "c16", "S3", "U5", "U0", "V7"),
    *("M8[ns]", "M8[D]", "m8[s]", "O", "i4,f8", "U3,M8[D],S0"),
    np.dtype([("a", "f8", (2, 3)), ("b", [("c", ">i2"), ("d", "U2")])]),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype([("a", "O"), ("b", "f8")]),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.lists(st.integers(0, 4), max_size=3),
            st.sampled_from("CF"),
            st.booleans(),
        ),
        max_size=4,
    ),
    st.integers(2, 5),
    st.sampled_from([0, 3, ("xz", 1), ("bz2", 1)]),
)
@settings(max_examples=150, deadline=None)
def test_every_array_that_joblib_writes_is_followed(arrays, protocol, compress):
    """Types of every kind, in every form and order; a view shares its base and stands twice."""
    made = [np.zeros(tuple(shape), kind, order) for kind, shape, order, _ in arrays]
    made += [array.T for array, (*_, twice) in zip(made, arrays, strict=True) if twice]
    buffer = io.BytesIO()
    joblib.dump(
        {"arrays": made, "types": [a.dtype for a in made]}, buffer, compress=compress, protocol=protocol
    )
    found = verdict.judge(buffer, Format.JOBLIB)
    assert found.verdict is Verdict.KNOWN, found


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=300, deadline=None)
def test_random_bytes_give_a_verdict_and_never_an_error(data):
    assert judged(b"\x80\x04" + data).verdict in set(Verdict)


@given(st.integers(0, 100_000), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_never_brings_an_error(place, value):
    data = bytearray(_forest())
    data[place % len(data)] = value
    assert judged(bytes(data)).verdict in set(Verdict)


_kept: list[bytes] = []


def _forest() -> bytes:
    if not _kept:
        buffer = io.BytesIO()
        joblib.dump(RandomForestClassifier(2, random_state=0).fit(np.eye(8), [0, 1] * 4), buffer)
        _kept.append(buffer.getvalue())
    return _kept[0]


def test_the_list_is_what_the_installed_scikit_learn_gives():
    assert known.LIST.read_text(encoding="utf-8") == known.generate()


def test_nothing_is_known_and_forbidden_at_once():
    found = known.current()
    assert [name for name in found.known if found.forbids(name)] == []


def skops_with(change, **members: bytes) -> bytes:
    original = zipfile.ZipFile(io.BytesIO(skops.io.dumps(LogisticRegression().fit(np.eye(4), [0, 1, 0, 1]))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for info in original.infolist():
            data = original.read(info)
            made.writestr(info.filename, change(data) if info.filename == "schema.json" else data)
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        skops_with(
            lambda s: s.replace(b'"sklearn.linear_model._logistic"', b'"os"').replace(
                b'"LogisticRegression"', b'"system"'
            )
        ),
        skops_with(lambda s: s.replace(b'"ObjectNode"', b'"OperatorFuncNode"')),
        skops_with(lambda s: s[:-3]),
        skops_with(lambda s: b"[" * 100_000),
        skops_with(lambda s: s, **{"../../x": b""}),
        skops_with(lambda s: s, **{"/x": b""}),
        skops_with(lambda s: s, **{"a\\b": b""}),
        skops_with(lambda s: s, inner=zlib.compress(b"x") and b"PK\x03\x04x"),
        skops_with(lambda s: s, **{"x.npz": b"PK\x03\x04 not a zip"}),
    ],
    ids=["os.system", "loader", "cut", "deep", "outside", "root", "backslash", "nested", "sparse"],
)
def test_a_changed_skops_file_is_not_known(data):
    assert judged(data).verdict is not Verdict.KNOWN


def test_a_zip_bomb_is_not_opened():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("schema.json", b"{}")
        made.writestr("big.npy", bytes(50 << 20))
    with pytest.raises(Invalid, match="100 times"):
        formats.recognise(io.BytesIO(buffer.getvalue()), name="model.skops")


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"\x93NUMPY....", "NumPy"),
        (b"\x7fELF....", "ELF"),
        (b"PAR1", "Parquet"),
        (b"a,b\n1,2\n", "CSV"),
        (b"\x00\x01\x02", "no model file"),
        (b"", "empty"),
    ],
)
def test_other_formats_are_named(head, says):
    with pytest.raises(Invalid, match=says):
        formats.recognise(io.BytesIO(head), name="model.joblib")
