"""Writes the pages, the schema and the table of verbs that the code declares.

Run it after a change of a table, a key of the configuration or a verb; a test fails when a page is stale.
"""

from pathlib import Path

from configuration_page import configuration_page

from rfm_spark.cli import VERBS, declaration
from rfm_spark.config.schema import schema_text
from rfm_spark.contracts.columns import Column
from rfm_spark.contracts.frame import Table
from rfm_spark.contracts.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "tables.md"
README = ROOT / "README.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "conf" / "schema.json"
VERBS_BEGIN = "<!-- verbs: written by scripts/generate_docs.py -->"
VERBS_END = "<!-- end of verbs -->"
HEAD = """# The tables

<!-- Written by scripts/generate_docs.py from rfm_spark/contracts; edit those. -->

Every table is a Delta table of reader version 1: Spark, Trino, DuckDB, Polars and delta-rs read it without an upgrade.
A table keeps its meaning for good: what changes in a way that breaks a query gets a new name.

- **Published dates only.** Readers may use the dates in `published_date`: join it, as [querying.md](querying.md) shows.
  While a date is computed again its tables may hold some of both runs, and the date is not there.
- **as_of_date** is the last day included, known after that day has ended. Nothing that happened later changes a row.
- **member_id** has 63 bits: keep it an integer, or text, never a floating-point number.
- **Amounts** are decimals in the one currency of the configuration.
- **NULL** is possible where the column says so, nowhere else.
- **One member** is found fast: inside a partition the rows are sorted by `member_id`, and file statistics on it let
  every reader skip the other files.
"""


def column_line(table: Table, column: Column) -> str:
    """Return the line of one column."""
    marks = [
        mark
        for mark, holds in (
            ("key", column in table.key),
            ("partition", column in table.partition_by),
            ("may be NULL", column in table.nullable),
        )
        if holds
    ]
    kind = column.type.upper().replace("|", "\\|")
    return f"| `{column}` | {kind} | {', '.join(marks)} | {column.comment} |"


def facts(table: Table) -> list[str]:
    """Return what holds of the table as a whole, one sentence each."""
    partition = ", ".join(f"`{column}`" for column in table.partition_by)
    lines = [f"Partitioned by {partition}." if partition else "Not partitioned."]
    if table.sort_by:
        lines.append("Files sorted by " + ", ".join(f"`{column}`" for column in table.sort_by) + ".")
    if table.append_only:
        lines.append("Append only.")
    if table.restricted:
        lines.append("**Personal data: give access to those who may see it, and to nobody else.**")
    return lines


def section(table: Table) -> str:
    """Return the page's part about one table."""
    lines = [f"## {table.name}", "", f"{table.grain}.", " ".join(facts(table))]
    lines += ["", "| column | type | | meaning |", "|---|---|---|---|"]
    lines += [column_line(table, column) for column in table.columns]
    if table.checks:
        lines += ["", "Always true of a row: " + "; ".join(f"`{check}`" for check in table.checks.values()) + "."]
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    contents = "\n".join(f"- [{table.name}](#{table.name}): {table.grain}" for table in TABLES)
    return "\n\n".join([HEAD.rstrip(), contents, *(section(table) for table in TABLES)]) + "\n"


def verb_table() -> str:
    """Return the README's table of verbs."""
    lines = ["| verb | does |", "|---|---|", *(f"| `{verb}` | {declaration(verb).help} |" for verb in VERBS)]
    return "\n".join(lines)


def readme_page(written: str) -> str:
    """Return the README with a fresh table of verbs."""
    before, _, rest = written.partition(VERBS_BEGIN)
    _, _, after = rest.partition(VERBS_END)
    return f"{before}{VERBS_BEGIN}\n{verb_table()}\n{VERBS_END}{after}"


if __name__ == "__main__":
    CONFIGURATION.write_text(configuration_page(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    TARGET.write_text(page(), encoding="utf-8")
    README.write_text(readme_page(README.read_text(encoding="utf-8")), encoding="utf-8")
