"""Whether the fact tables hold the facts of all lines and events, under today's definition, as the last ingest left
them."""

from rfm_spark.config.fingerprints import facts_hash
from rfm_spark.config.model import Config
from rfm_spark.contracts import columns as c
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import EVENT, MEMBER_DAY, MEMBER_TAG_DAY, TRANSACTION
from rfm_spark.errors import DataCheckError, UsageError
from rfm_spark.io.tables import TableStore
from rfm_spark.runs.log_book import LogBook, LogRow
from rfm_spark.runs.stamps import Stamp, version_inputs

INPUTS: dict[str, tuple[Table, ...]] = {MEMBER_DAY.name: (TRANSACTION,), MEMBER_TAG_DAY.name: (TRANSACTION, EVENT)}
"""The tables that each fact table is computed from."""
FACT_TABLES = (MEMBER_DAY, MEMBER_TAG_DAY)
INPUT_VERSIONS, DEFINITION = "input_versions", "definition_hash"
"""What a commit of a fact table says of itself."""


def facts_versions(store: TableStore) -> dict[str, int]:
    """Return the newest version of the fact tables and their inputs: what run_log keeps of an ingest."""
    return {table.name: store.version(table) for table in (TRANSACTION, EVENT, MEMBER_DAY, MEMBER_TAG_DAY)}


def current_facts(store: TableStore, config: Config, last_ingest: LogRow | None) -> frozenset[str]:
    """Return the names of the fact tables that hold the facts of all there is, under today's definition.

    Ask before an ingest replaces anything. The stamp of a table stands beside its last commit; an ingest that changed
    no fact made none, so it is in run_log too. A table that is not named was left behind by a dead ingest, changed by
    somebody else, or computed under another definition: it has to be rebuilt.
    """
    versions, definition = facts_versions(store), facts_hash(config)
    logged = last_ingest.stamp if last_ingest else Stamp()
    current = set()
    for facts in FACT_TABLES:
        beside = store.last_metadata(facts) or {}
        claimed = {**beside.get(INPUT_VERSIONS, {}), facts.name: versions[facts.name]}
        needed = [facts.name, *(table.name for table in INPUTS[facts.name])]
        today = Stamp(definition, inputs=version_inputs({name: versions[name] for name in needed}))
        made = Stamp(beside.get(DEFINITION), inputs=version_inputs(claimed))
        if made.difference(today) is None or logged.difference(today) is None:
            current.add(facts.name)
    return frozenset(current)


def facts_changed_by_others(store: TableStore, config: Config, book: LogBook) -> list[str]:
    """Return the names of the fact tables that are not what the last ingest left; one that was put back is."""
    last = book.last_ingest()
    left = last.stamp.inputs if last else {}
    changed = {table.name for table in FACT_TABLES if not store.is_as_left(table, int(left.get(table.name, 0)))}
    return sorted(changed - current_facts(store, config, last)) if changed else []


def has_other_definition(config: Config, book: LogBook) -> bool:
    """Return whether the last ingest made the facts under another definition than today's."""
    last = book.last_ingest()
    return last is not None and last.definition_hash != facts_hash(config)


def facts_ingest_no(store: TableStore, book: LogBook) -> int | None:
    """Return the number of the last ingest that the facts can be of, None before the first.

    An ingest that died after it wrote facts is not in run_log, but beside the table that it wrote.
    """
    logged = book.last_ingest()
    beside = [(store.last_metadata(table) or {}).get(c.INGEST_NO) for table in FACT_TABLES]
    known = [number for number in (logged.ingest_no if logged else None, *beside) if number is not None]
    return max(known, default=None)


def require_current_facts(store: TableStore, config: Config, book: LogBook) -> None:
    """Fail where the facts follow another definition, or where somebody else changed them since the last ingest.

    Dates made from such facts would look right for ever: the ingest that repairs the facts finds the checksums of
    before, and so no date stale.
    """
    if has_other_definition(config, book):
        raise UsageError(
            "member_day", "the facts were made under other orders or tags", "those of the configuration",
            "run rfm-spark ingest first: any ingest makes all facts again",
        )  # fmt: skip
    changed = facts_changed_by_others(store, config, book)
    if changed:
        raise DataCheckError(
            ", ".join(changed), "somebody else changed or restored its rows", "those that the last ingest left",
            "run rfm-spark ingest first: any ingest makes these facts again",
        )  # fmt: skip
