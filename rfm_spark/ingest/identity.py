"""Member ids: a keyed hash of the reference, or the clean integer that the source already has.

    fingerprint = HMAC-SHA256(key, UTF-8 of id_type + U+001F + reference), in hex
    member_id   = its first 63 bits; bits 64 to 126 for fingerprints listed in identity.overrides

HMAC is sha2(opad + sha2(ipad + text)), with ipad and opad = key xor 0x36.. and 0x5c... They come in a one-row frame
that is broadcast to the lines, because a literal would show in plans and event logs and a row does not.
"""

import hashlib

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from rfm_spark.config.choices import IdMethod
from rfm_spark.config.model import Identity
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.conform import conform
from rfm_spark.contracts.tables import MEMBER_IDENTITY
from rfm_spark.driver_rows import driver_rows
from rfm_spark.errors import DataCheckError
from rfm_spark.text import counted

SEPARATOR = "\x1f"
LINE_PREFIX = "\x1e"
"""Begins the text of a line's fingerprint, so that it never equals that of a reference."""
INNER_PAD = "inner_pad"
OUTER_PAD = "outer_pad"
FINGERPRINT = "fingerprint"
KNOWN_ID = "known_id"
LONGEST_REFERENCE = 1000
NO_CHARACTER = "\ufffd"
"""Readers put it for bytes that are not text in the encoding of the file."""
CLEAN_INTEGER = r"^(0|[1-9][0-9]{0,18})$"
BLOCK_BYTES = 64


def key_frame(spark: SparkSession, key: bytes | None) -> DataFrame:
    """Return one row with the two pads of the key; NULLs where the configuration has no key."""
    if key is None:
        return driver_rows(spark, [(None, None)], f"{INNER_PAD} binary, {OUTER_PAD} binary")
    inner, outer = pads(key)
    return driver_rows(spark, [(inner, outer)], f"{INNER_PAD} binary, {OUTER_PAD} binary")


def pads(key: bytes) -> tuple[bytes, bytes]:
    """Return the inner and outer pad of HMAC-SHA256 (RFC 2104).

    >>> inner, outer = pads(b"Jefe")
    >>> hashlib.sha256(outer + hashlib.sha256(inner + b"what do ya want for nothing?").digest()).hexdigest()[:16]
    '5bdcc146bf60754e'
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def keyed_hash(text: Column) -> Column:
    """Return HMAC-SHA256 of the text in hex, in a frame that carries the pads."""
    inner = F.unhex(F.sha2(F.concat(F.col(INNER_PAD), F.encode(text, "UTF-8")), 256))
    return F.sha2(F.concat(F.col(OUTER_PAD), inner), 256)


def reference_fingerprint(id_type: Column, reference: Column) -> Column:
    """Return the fingerprint of a reference, which identity.overrides may list; needs the pads."""
    return keyed_hash(F.concat(id_type, F.lit(SEPARATOR), reference))


def line_fingerprint(source: str, line: Column, keyed: bool) -> Column:
    """Return a hash of a raw line: keyed where there is a key (needs the pads), plain where ids pass through."""
    text = F.concat(F.lit(LINE_PREFIX + source + SEPARATOR), line)
    return keyed_hash(text) if keyed else F.sha2(F.encode(text, "UTF-8"), 256)


def member_id_of(fingerprint: Column, overrides: tuple[str, ...]) -> Column:
    """Return 63 bits of a fingerprint as a BIGINT >= 0: the first ones, or from bit 64 on where it is overridden.

    >>> fingerprint = "ffffffffffffffff" "0000000000000008" "00000000000000000000000000000000"
    >>> ids = rows("fingerprint", fingerprint).select(
    ...     member_id_of(F.col("fingerprint"), ()).alias("plain"),
    ...     member_id_of(F.col("fingerprint"), (fingerprint,)).alias("overridden"))
    >>> show(ids)
    | plain               | overridden |
    |---------------------|------------|
    | 9223372036854775807 | 4          |
    """
    start = F.when(fingerprint.isin(list(overrides)), 17).otherwise(1) if overrides else F.lit(1)
    half = F.conv(F.substring(fingerprint, start, F.lit(16)), 16, -10).cast("bigint")
    return F.shiftrightunsigned(half, 1)


def hashed_member_id(id_type: Column, reference: Column, identity: Identity) -> Column:
    """Return the member_id of a reference by the configured method; NULL where an integer id is not clean."""
    if identity.method is IdMethod.INTEGER:
        return F.when(reference.rlike(CLEAN_INTEGER), reference.try_cast("bigint"))
    return member_id_of(reference_fingerprint(id_type, reference), identity.overrides)


def is_bad_reference(reference: Column, identity: Identity) -> Column:
    """Return whether a reference cannot name a member: unreadable, too long or not a clean 63-bit integer.

    Unreadable bytes all read as the same character, so different members would become one.
    """
    no_reference = (F.length(reference) > LONGEST_REFERENCE) | reference.contains(NO_CHARACTER)
    if identity.method is IdMethod.INTEGER:
        clean = reference.rlike(CLEAN_INTEGER) & reference.try_cast("bigint").isNotNull()
        return no_reference | ~clean
    return no_reference


def unknown_identities(identities: DataFrame, known: DataFrame) -> DataFrame:
    """One row per reference of this ingest that `known` (member_identity) lacks or has with another member_id.

    >>> found = rows("id_value member_id", "a 1", "b 2", "c 3", id_type="card")
    >>> show(unknown_identities(found, rows("id_value member_id", "a 1", "b 7", id_type="card")))
    | id_type | id_value | member_id | known_id |
    |---------|----------|-----------|----------|
    | card    | b        | 2         | 7        |
    | card    | c        | 3         | NULL     |
    """
    before = known.select(c.ID_TYPE, c.ID_VALUE, F.col(c.MEMBER_ID).alias(KNOWN_ID))
    joined = identities.join(before, [str(c.ID_TYPE), str(c.ID_VALUE)], "left")
    return joined.where(F.col(KNOWN_ID).isNull() | (F.col(KNOWN_ID) != F.col(c.MEMBER_ID)))


def new_identities(unknown: DataFrame) -> DataFrame:
    """One row per reference that is not in member_identity yet, of those that `unknown_identities` gives."""
    return conform(unknown.where(F.col(KNOWN_ID).isNull()).drop(KNOWN_ID), MEMBER_IDENTITY)


def require_same_ids(unknown: DataFrame) -> None:
    """Raise DataCheckError where known references would get another member_id and lose all that they ever bought."""
    moved = unknown.where(F.col(KNOWN_ID).isNotNull()).count()
    if moved:
        raise DataCheckError(
            "ingest",
            f"{counted(moved, 'known reference')} would get another member_id",
            "identity.method, identity.key and identity.overrides of the ingests before",
            "no line was written; restore them, or begin another warehouse with the new ones",
        )


def collisions(fresh: DataFrame, known: DataFrame) -> DataFrame:
    """One row per member_id that a new reference shares with another reference, new or known; every row is an error.

    `fresh` are new identities (not in `known`). Several new references of one id give the last one by value; the
    others may keep the id.

    >>> fresh = rows("id_value member_id", "b 1", "c 2", "d 2", "e 3", id_type="card")
    >>> show(collisions(fresh, rows("id_value member_id", "a 1", id_type="card")))
    | id_type | id_value | member_id |
    |---------|----------|-----------|
    | card    | b        | 1         |
    | card    | d        | 2         |
    """
    last = F.max_by(F.struct(c.ID_TYPE, c.ID_VALUE), F.struct(c.ID_TYPE, c.ID_VALUE))
    grouped = fresh.groupBy(c.MEMBER_ID).agg(F.count(F.lit(1)).alias("references"), last.alias("last"))
    taken = known.join(fresh.select(c.MEMBER_ID), c.MEMBER_ID, "left_semi").select(c.MEMBER_ID).distinct()
    marked = grouped.join(taken.withColumn("taken", F.lit(True)), c.MEMBER_ID, "left")
    collides = (F.col("references") > 1) | F.col("taken")
    last_type, last_value = F.col("last").getField(c.ID_TYPE), F.col("last").getField(c.ID_VALUE)
    colliding = marked.where(collides).select(last_type.alias(c.ID_TYPE), last_value.alias(c.ID_VALUE), c.MEMBER_ID)
    return conform(colliding, MEMBER_IDENTITY)


def override_entries(colliding: DataFrame, pads_frame: DataFrame) -> DataFrame:
    """One row per colliding reference: its fingerprint, for identity.overrides, and never the reference itself."""
    with_pads = colliding.crossJoin(F.broadcast(pads_frame))
    return with_pads.select(reference_fingerprint(F.col(c.ID_TYPE), F.col(c.ID_VALUE)).alias(FINGERPRINT))


def collision_error(fingerprints: list[str], identity: Identity) -> DataCheckError:
    """Return the error for references with one member_id; it names fingerprints, never a reference."""
    count = len(fingerprints)
    found = f"{counted(count, 'reference')} {'has' if count == 1 else 'have'} the member_id of another one"
    if identity.method is IdMethod.INTEGER:
        return DataCheckError("member_identity", found, "one id_type for integer ids", "or use identity.method: hash")
    entries = ", ".join(sorted(fingerprints)[:10])
    return DataCheckError("member_identity", found, "one id per reference", f"add to identity.overrides: [{entries}]")
