"""The dossier of a decision: checked offline by one file, accepted by others' tools, and without a byte to spare."""

import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.assets.registry.tables import VersionRow
from core.decisions.releases import dossier as parts
from core.decisions.releases import verify_dossier
from core.decisions.releases.dossier_making import write_dossier
from core.errors import Conflict
from core.platform.audit.checkpoint import public_bytes, verifier_key
from core.platform.audit.keys import signing_key
from tests.core.decisions.releases.test_unusual import break_glass

MODEL = random.Random(7).randbytes(40_000)


@pytest.fixture
def decided(bench):
    """A version whose bytes are in the store, approved by two areas; return the bench and the release's id."""
    release = approve(bench)
    return bench, release


def stored_version(bench) -> str:
    """A version of ana's whose bytes are in the store."""
    version = bench.version(bench.people["ana"])
    stored = bench.store.files.put_bytes(MODEL)
    with bench.store.unit_of_work(bench.people["ana"]) as uow:
        row = uow.session.get(VersionRow, version)
        row.artifact_digest, row.artifact_size, row.isolation = stored.digest, stored.size, "full"
        uow.session.add(row)
        uow.record("test.stored", "version", version)
    return version


def approve(bench) -> str:
    release = bench.request(bench.people["bea"], stored_version(bench))
    for name in ("otto", "carl"):
        bench.sign(bench.people[name], release)
    return release


def make(bench, release: str, path: Path, **options: bool) -> Path:
    with path.open("w+b") as sink:
        write_dossier(bench.store, release, sink, **options)
    return path


def verify(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run verify.py as a stranger would: taken out of a dossier, plain Python, no package of ours."""
    return subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_stranger_reads_who_approved_what_under_which_policy(decided, tmp_path: Path) -> None:
    bench, release = decided
    path = make(bench, release, tmp_path / "d.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    key = verifier_key(
        bench.store.settings.log_origin, public_bytes(signing_key(bench.store.settings).public_key())
    )
    done = verify("out/verify.py", "d.zip", "--log-key", key, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert {(s["person"], s["area"], s["meaning"]) for s in answer["signatures"]} == {
        ("per_otto", "operations", "approve"),
        ("per_carl", "compliance", "approve"),
    }
    assert (answer["artifact"]["seen"], answer["state"], answer["model"]["isolation"]) == (
        "inside",
        "live",
        "full",
    )
    assert (
        answer["policy"]["digest"] == parts.Part("", (tmp_path / "out" / "policy.toml").read_bytes()).digest
    )
    plain = verify("out/verify.py", "d.zip", folder=tmp_path)
    assert "Exact bytes?         yes" in plain.stdout
    assert "per_otto" in plain.stdout
    other = verify("out/verify.py", "d.zip", "--log-key", key.replace("+", "+0", 1), folder=tmp_path)
    assert other.returncode == 1
    text = path.read_bytes()
    for person in ("Otto", "otto@example.org", "Checked the gates"):
        assert person.encode() not in text


def test_an_emergency_says_that_nobody_had_signed(bench, tmp_path: Path) -> None:
    release = break_glass(bench, "otto", stored_version(bench))
    path = make(bench, release, tmp_path / "d.zip")
    answer = verify_dossier.check(path)
    assert (answer["emergency"], answer["signatures"], answer["state"]) == (True, [], "live")
    assert "EMERGENCY" in verify_dossier.told(answer)


def test_without_the_artifact_the_file_beside_it_is_checked(decided, tmp_path: Path) -> None:
    bench, release = decided
    path = make(bench, release, tmp_path / "d.zip", artifact=False)
    assert path.stat().st_size < 60_000
    assert verify_dossier.check(path)["artifact"]["seen"] == "absent"
    model = tmp_path / "model"
    model.write_bytes(MODEL)
    assert verify_dossier.check(path, artifact=model)["artifact"]["seen"] == "beside"
    model.write_bytes(MODEL[:-1] + b"x")
    with pytest.raises(verify_dossier.Wrong, match="not the approved one"):
        verify_dossier.check(path, artifact=model)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make an environment that holds these packages and what they need, and nothing of ours; return its bin folder."""

    def make(*packages: str) -> Path:
        home = tmp_path_factory.mktemp("env")
        uv = [sys.executable, "-m", "uv"]
        pip = [str(home / "bin" / "python"), "-m", "pip"]
        ways = (  # uv takes seconds; pip knows indexes and mirrors that are configured for it alone
            [[*uv, "venv", "--clear", str(home)], [*uv, "pip", "install", "--python", str(home), *packages]],
            [[sys.executable, "-m", "venv", "--clear", str(home)], [*pip, "install", "--quiet", *packages]],
        )
        said = ""
        for way in ways:
            done = [subprocess.run(step, capture_output=True, text=True, check=False) for step in way]
            if not any(step.returncode for step in done):
                return home / "bin"
            said = done[-1].stderr.strip()[-300:]
        return pytest.skip(f"{packages[0]} cannot be installed here: {said}")

    return make


FLIPPING = """
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = sys.modules["verify"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
good, path, missed = pathlib.Path(sys.argv[2]).read_bytes(), pathlib.Path(sys.argv[3]), []
path.write_bytes(good)
assert verify.check(path)["ok"]
for at, bit in json.loads(sys.stdin.read()):
    path.write_bytes(good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :])
    try:
        verify.check(path)
        missed.append([at, bit])
    except verify.Wrong:
        pass
print(json.dumps({"missed": missed, "loaded": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


@pytest.mark.parametrize(
    "count", [pytest.param(500, id="500"), pytest.param(20_000, id="20000", marks=pytest.mark.long)]
)
def test_every_flipped_bit_is_found_where_aval_is_not(decided, elsewhere, tmp_path: Path, count: int) -> None:
    """An equal share of the flips falls on each part, and on each stretch of the ZIP's own bytes between them."""
    bench, release = decided
    good = make(bench, release, tmp_path / "d.zip")
    spans = []
    with zipfile.ZipFile(good) as archive:
        before = 0
        for info in archive.infolist():
            start = info.header_offset + 30 + len(info.filename.encode())
            spans += [(before, start), (start, start + info.file_size)]
            before = start + info.file_size
        (tmp_path / "verify.py").write_bytes(archive.read("verify.py"))
    spans.append((before, good.stat().st_size))
    rng = random.Random(1)
    flips = [(rng.randrange(*spans[n % len(spans)]), 1 << rng.randrange(8)) for n in range(count)]
    words = ["-I", "-c", FLIPPING, "verify.py", "d.zip", "flipped.zip"]
    python = elsewhere("cryptography") / "python"
    done = subprocess.run(
        [python, *words], cwd=tmp_path, input=json.dumps(flips), capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["missed"] == []
    foreign = set(found["loaded"]) - set(sys.stdlib_module_names) - {"__main__", "verify"}
    brought = {"cryptography", "_cffi_backend", "_openssl", "cffi", "_virtualenv", "_distutils_hack"}
    assert {"cryptography"} <= foreign <= brought
    told = subprocess.run(
        [python, "-I", "verify.py", "flipped.zip"], cwd=tmp_path, check=False, capture_output=True
    )
    assert told.returncode == 1


@pytest.mark.parametrize("change", ["append", "prepend", "cut", "again", "foreign", "comment"])
def test_bytes_before_between_and_after_are_refused(decided, tmp_path: Path, change: str) -> None:
    bench, release = decided
    path = make(bench, release, tmp_path / "d.zip")
    good = path.read_bytes()
    if change == "append":
        path.write_bytes(good + b"\0")
    elif change == "prepend":
        path.write_bytes(b"\0" + good)
    elif change == "cut":
        path.write_bytes(good[:-1])
    elif change == "comment":
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"x"
    else:
        with zipfile.ZipFile(path) as archive:
            held = [(i.filename, archive.read(i)) for i in archive.infolist()]
        held.append(held[3] if change == "again" else ("note.txt", b"not ours"))
        with path.open("w+b") as sink:
            parts.write(sink, [parts.Part(name, data) for name, data in held])
    with pytest.raises(verify_dossier.Wrong):
        verify_dossier.check(path)


def test_another_key_cannot_make_a_dossier_that_the_log_vouches_for(decided, tmp_path: Path) -> None:
    """Whoever signs everything anew with a key of their own lacks the log key's word for it."""
    bench, release = decided
    path = make(bench, release, tmp_path / "d.zip")
    with zipfile.ZipFile(path) as archive:
        held = {i.filename: archive.read(i) for i in archive.infolist()}
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    from core.decisions.releases.dossier_signing import public_pem, sign_artifact, sign_statement

    mallory = generate_private_key(SECP256R1())
    statement = json.loads(verify_dossier.exact_base64(json.loads(held["statement.json"])["payload"]))
    artifact = statement["predicate"]["artifact"]
    held["keys/dossier.pem"] = public_pem(mallory)
    held["artifact.sig"] = sign_artifact(artifact["name"].split("/")[1], artifact["digest"], mallory)
    subjects = {
        name: parts.Part(name, data).digest for name, data in held.items() if name != "statement.json"
    }
    held["statement.json"] = sign_statement(subjects, statement["predicate"], mallory)
    with path.open("w+b") as sink:
        parts.write(sink, [parts.Part(name, data) for name, data in held.items()])
    with pytest.raises(verify_dossier.Wrong, match="does not vouch"):
        verify_dossier.check(path)


def test_an_undecided_release_gives_no_dossier(bench, tmp_path: Path) -> None:
    version = bench.version(bench.people["ana"])
    with pytest.raises(Conflict, match="not decided"):
        make(bench, bench.request(bench.people["bea"], version), tmp_path / "d.zip")


def test_a_stored_file_that_rotted_is_not_certified(decided, tmp_path: Path) -> None:
    bench, release = decided
    digest = bench.store.files.put_bytes(MODEL).digest
    bench.store.files.path(digest).write_bytes(MODEL[:-1] + b"?")
    with pytest.raises(Conflict, match="no longer the one"):
        make(bench, release, tmp_path / "d.zip")


def test_the_bill_of_materials_is_valid_cyclonedx(decided, tmp_path: Path) -> None:
    schema = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.schema import SchemaVersion

    bench, release = decided
    with zipfile.ZipFile(make(bench, release, tmp_path / "d.zip")) as archive:
        text = archive.read("bom.cdx.json").decode()
    assert schema.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = text.replace('"machine-learning-model"', '"machine"')
    assert schema.JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_official_verifier_accepts_the_artifact_signature(decided, elsewhere, tmp_path: Path) -> None:
    """OpenSSF's own `model_signing`, in an environment of its own: it brings 36 packages that Aval does not want."""
    bench, release = decided
    programs = elsewhere("model-signing==1.1.1", "pyopenssl")
    with zipfile.ZipFile(make(bench, release, tmp_path / "d.zip")) as archive:
        archive.extractall(tmp_path / "out")
    command = [
        str(programs / "model_signing"),
        "verify",
        "key",
        "artifact",
        "--signature",
        "artifact.sig",
    ]
    command += ["--public_key", "keys/dossier.pem"]
    good = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    model = next((tmp_path / "out" / "artifact").iterdir())
    model.write_bytes(b"other")
    assert subprocess.run(command, cwd=tmp_path / "out", capture_output=True, check=False).returncode != 0
