"""The one changing line of a terminal, and the lines of a log."""

import io

from rfm_spark.runs.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def line(self) -> str:
        """What a person sees: what follows the last time that the line was emptied."""
        return self.getvalue().rsplit("\r\033[K", 1)[-1]


def test_stages_after_the_first_dates_still_tell_how_many_are_done_and_how_long_the_others_take():
    terminal = Terminal()
    progress = Progress("run 1", stream=terminal)
    progress.count(8, 24, 320)
    with progress.stage("score", "2024-09-30"):
        assert terminal.line == "8 of 24 dates computed, about 320 s for the others; 2024-09-30: score ..."


def test_after_the_last_date_the_line_tells_that_history_follows():
    terminal = Terminal()
    progress = Progress("run 1", stream=terminal)
    progress.count(24, 24, 0)
    with progress.stage("track", "2023-01-31 to 2024-12-31"):
        assert terminal.line.startswith("24 of 24 dates computed, now their history; 2023-01-31")


def test_a_log_has_a_line_of_its_own_for_what_is_done():
    log = io.StringIO()
    Progress("run 1", stream=log).count(8, 24, 320)
    assert log.getvalue() == "progress: dates_done=8 dates=24 seconds_left=320\n"
