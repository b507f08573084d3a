"""What every test may use, those in docstrings of rfm_spark too.

A doctest with `rows` or `show` (tests/spark/docstring_tables.py) needs the session: it has the mark `session`, by which
scripts/test.sh runs it with the tests of Spark and not with the unit tests.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.session import compiled, forgotten_tables, shared_data, spark
from tests.spark.docstring_tables import rows, show

__all__ = ["compiled", "forgotten_tables", "shared_data", "spark"]

HELPERS = {"rows", "show"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a doctest that needs the session."""
    if isinstance(item, pytest.DoctestItem) and HELPERS & set(names_in(item)):
        item.add_marker("session")


def names_in(item: pytest.DoctestItem) -> Iterator[str]:
    """Return the names that the examples of a doctest use."""
    for example in item.dtest.examples:
        yield from compile(example.source, "<doctest>", "single").co_names


@pytest.fixture(autouse=True)
def docstring_tables(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Give `rows` and `show` to a doctest that uses them, and start the session for the first one."""
    if request.node.get_closest_marker("session"):
        session = request.getfixturevalue("spark")
        doctest_namespace.update(rows=partial(rows, session), show=show)
