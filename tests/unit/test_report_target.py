"""Where a report is written, and which of many dates it shows."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from rfm_spark.errors import UsageError
from rfm_spark.report.read import MOST_DATES, thinned
from rfm_spark.steps.report import html_target


@pytest.mark.parametrize("out", [None, "", "december.pdf", "december.html/"])
def test_the_page_needs_a_file_that_ends_in_html(out: str | None):
    with pytest.raises(UsageError, match=r"--out: .*ends in \.html"):
        html_target(out)


@pytest.mark.parametrize("count", [1, 60, 61, 365, 10_000])
def test_of_many_dates_few_are_shown_evenly_and_the_last_always(count: int):
    dates = [date(2000, 1, 1) + timedelta(days=n) for n in range(count)]
    shown = thinned(dates)
    assert shown[-1] == dates[-1]
    assert len(shown) <= MOST_DATES
    assert len({(later - day).days for day, later in pairwise(shown)}) <= 1
