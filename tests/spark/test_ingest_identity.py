"""Member ids: equal to Python's HMAC, collisions named without the reference, the key never in sight."""

import base64
import hmac
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import IdMethod
from rfm_spark.config.model import Identity
from rfm_spark.config.source import Secret
from rfm_spark.contracts.tables import MEMBER_IDENTITY
from rfm_spark.errors import DataCheckError, UsageError
from rfm_spark.ingest.identity import (
    collision_error,
    collisions,
    hashed_member_id,
    is_bad_reference,
    key_frame,
    new_identities,
    override_entries,
    pads,
    require_same_ids,
    unknown_identities,
)
from rfm_spark.ingest.secret import load_key
from tests.spark.ingest_cases import KEY

REFERENCES = ["17850", "用户一", "a@b.example", "x" * 1000, "ß", "0"]
IDENTITY_SCHEMA = MEMBER_IDENTITY.schema_text()


def digest(id_type: str, reference: str, key: bytes = KEY) -> bytes:
    return hmac.new(key, f"{id_type}\x1f{reference}".encode(), sha256).digest()


def first_63_bits(half: bytes) -> int:
    return int.from_bytes(half, "big") >> 1


@pytest.mark.parametrize("key", [KEY, b"k" * 16, bytes(range(256))], ids=["short", "shortest", "longer than a block"])
def test_the_id_is_the_first_63_bits_of_the_keyed_hash(spark: SparkSession, key: bytes) -> None:
    lines = spark.createDataFrame([(text,) for text in REFERENCES], "reference string")
    with_id = lines.crossJoin(key_frame(spark, key)).select(
        "reference", hashed_member_id(F.lit("card"), F.col("reference"), Identity()).alias("member_id")
    )
    found = {row.reference: row.member_id for row in with_id.collect()}
    assert found == {text: first_63_bits(digest("card", text, key)[:8]) for text in REFERENCES}


def test_an_overridden_reference_takes_its_second_id(spark: SparkSession) -> None:
    overridden = digest("card", "17850").hex()
    lines = spark.createDataFrame([("17850",), ("ß",)], "reference string").crossJoin(key_frame(spark, KEY))
    identity = Identity(overrides=(overridden,))
    found = lines.select(hashed_member_id(F.lit("card"), F.col("reference"), identity).alias("m")).collect()
    assert [row.m for row in found] == [
        first_63_bits(digest("card", "17850")[8:16]),
        first_63_bits(digest("card", "ß")[:8]),
    ]


def test_clean_integers_pass_through_and_others_are_bad(spark: SparkSession) -> None:
    integer = Identity(method=IdMethod.INTEGER)
    texts = ["0", "17850", "9223372036854775807", "9223372036854775808", "017", "-1", "1.0", "+1", "1e3", "٣", "x"]
    lines = spark.createDataFrame([(text,) for text in texts], "reference string")
    reference = F.col("reference")
    rows = lines.select(
        hashed_member_id(F.lit("card"), reference, integer).alias("id"),
        is_bad_reference(reference, integer).alias("bad"),
    ).collect()
    assert [row.id for row in rows if not row.bad] == [0, 17850, 9223372036854775807]
    assert [row.id for row in rows if row.bad] == [None] * 8


def test_two_references_of_one_id_are_named_by_fingerprint(spark: SparkSession) -> None:
    known = spark.createDataFrame([("card", "a", 1), ("card", "z", 9)], IDENTITY_SCHEMA)
    found = spark.createDataFrame(
        [("card", "a", 1), ("card", "b", 1), ("card", "c", 2), ("card", "d", 2), ("card", "e", 3)], IDENTITY_SCHEMA
    )
    unknown = unknown_identities(found, known)
    require_same_ids(unknown)
    fresh = new_identities(unknown)
    assert {row.id_value for row in fresh.collect()} == {"b", "c", "d", "e"}
    colliding = collisions(fresh, known)
    expected = spark.createDataFrame([("card", "b", 1), ("card", "d", 2)], IDENTITY_SCHEMA)
    assert_df_equality(colliding, expected, ignore_row_order=True, ignore_nullable=True)
    entries = [row.fingerprint for row in override_entries(colliding, key_frame(spark, KEY)).collect()]
    assert set(entries) == {digest("card", "b").hex(), digest("card", "d").hex()}
    message = str(collision_error(entries, Identity()))
    assert all(entry in message for entry in entries)


def test_another_key_would_make_other_members_of_known_references_and_is_refused(spark: SparkSession) -> None:
    known = spark.createDataFrame([("card", "anna", 1), ("card", "b", 2), ("card", "c", 3)], IDENTITY_SCHEMA)
    found = spark.createDataFrame([("card", "anna", 7), ("card", "b", 8), ("card", "c", 3)], IDENTITY_SCHEMA)
    with pytest.raises(DataCheckError, match="2 known references would get another member_id") as raised:
        require_same_ids(unknown_identities(found, known))
    assert "anna" not in str(raised.value)


def test_a_key_comes_from_a_file_or_a_variable_without_its_line_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert load_key(Secret(file=str(tmp_path / "key"))) == KEY
    monkeypatch.setenv("MEMBER_KEY", KEY.decode())
    assert load_key(Secret(env="MEMBER_KEY")) == KEY
    (tmp_path / "short").write_bytes(b"fifteen bytes..\n")
    for secret in (Secret(file=str(tmp_path / "none")), Secret(file=str(tmp_path / "short")), Secret(env="NOT_THERE")):
        with pytest.raises(UsageError, match=r"identity\.key"):
            load_key(secret)


LOGGED_INGEST = """
import sys
from pathlib import Path
from rfm_spark.config.model import Identity
from rfm_spark.ingest.clean import Asked
from rfm_spark.ingest.identity import collisions, override_entries
from rfm_spark.ingest.outputs import identities, rejected_rows, transactions
from rfm_spark.ingest.read import open_source
from rfm_spark.io.session import build_local_session, shared_classes
from tests.spark.ingest_cases import KEY, config_of, source_of

folder = Path(sys.argv[1])
spark = build_local_session("log", {
    "spark.master": "local[1]", "spark.eventLog.enabled": "true", "spark.eventLog.compress": "false",
    "spark.eventLog.dir": (folder / "log").as_uri(), "spark.eventLog.rolling.enabled": "false",
    "spark.sql.shuffle.partitions": "1", "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 " + shared_classes(),
    "spark.eventLog.logBlockUpdates.enabled": "true",
})
source = source_of(folder / "a.csv")
opened = open_source(spark, source, config_of(identity=Identity()), Asked(), KEY)
opened.lines.explain("formatted")
opened.lines.explain(True)
opened.lines.write.parquet(str(folder / "staged"))
staged = spark.read.parquet(str(folder / "staged"))
found = identities(staged, source)
entries = override_entries(collisions(found, found), opened.pads)
for frame in (transactions(staged, source), rejected_rows(staged, source, "r"), found, entries, opened.pads):
    frame.explain(True)
    frame.write.mode("overwrite").parquet(str(folder / "out"))
print(opened.counts())
spark.stop()
"""


def test_the_key_is_in_no_plan_and_no_event_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "a.csv").write_text("id,at,amount,order\n17850,2011-12-01,5,A1\n13047,bad,5,A2\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", LOGGED_INGEST, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    log = "".join(path.read_text() for path in (tmp_path / "log").rglob("*") if path.is_file())
    assert "SparkListenerSQLExecutionStart" in log
    assert "accepted=1" in done.stdout
    shown = log + done.stdout + done.stderr + json.dumps(log)
    for secret in (KEY, *pads(KEY)):
        for form in hidden_forms(secret):
            assert form not in shown
    assert "17850" not in log, "references stay out of the event log too"


def hidden_forms(secret: bytes) -> list[str]:
    """Return the ways in which a log could show bytes: as text, hex, base64 at any offset, and lists of numbers."""
    signed = [byte - 256 if byte > 127 else byte for byte in secret[:16]]
    encoded = [base64.b64encode(b"\0" * shift + secret).decode()[4:-4] for shift in range(3)]
    spaced = " ".join(f"{byte:02X}" for byte in secret[:8])
    numbers = [", ".join(map(str, signed)), ",".join(map(str, signed)), spaced, spaced.lower()]
    return [secret.decode("latin-1")[:16], secret.hex()[:32], secret.hex()[:32].upper(), *encoded, *numbers]
