"""What a run says while it works: one changing line on a terminal, one line per stage in a log."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rfm_spark.text import counted


class Progress:
    """Lines for people and log collectors on standard error; never a value of a member."""

    def __init__(self, run_id: str, log_format: str = "text", stream: TextIO | None = None) -> None:
        self.run_id = run_id
        self.log_format = log_format
        self.stream = stream or sys.stderr
        self.notes: list[str] = []
        self.counted = ""
        self.is_terminal = log_format == "text" and self.stream.isatty()

    @contextmanager
    def stage(self, name: str, subject: str) -> Iterator[None]:
        """Tell that a stage of a date or source begins and, when it ends well, how long it took."""
        started = time.monotonic()
        if self.is_terminal:
            self.change(f"{self.counted}{subject}: {name} ...")
        yield
        seconds = time.monotonic() - started
        if self.is_terminal:
            self.change(f"{self.counted}{subject}: {name} {seconds:.1f} s")
        else:
            self.line("stage", subject=subject, stage=name, seconds=round(seconds, 1))

    def count(self, done: int, wanted: int, seconds_left: int) -> None:
        """Tell how many dates are computed and about how long the others will take; on a terminal until the next."""
        if self.is_terminal:
            left = f", about {seconds_left} s for the others" if done < wanted else ", now their history"
            self.counted = f"{done} of {counted(wanted, 'date')} computed{left}; "
            self.change(self.counted)
        else:
            self.line("progress", dates_done=done, dates=wanted, seconds_left=seconds_left)

    def change(self, text: str) -> None:
        """Put a text in place of the changing line of a terminal."""
        self.stream.write(f"\r\033[K{text}")
        self.stream.flush()

    def note(self, text: str) -> None:
        """Tell something that a person should know, and keep it for the run's result; it does not stop the run."""
        self.notes.append(text)
        if self.is_terminal:
            self.change(f"note: {text}\n")
        else:
            self.line("note", text=text)

    def tell(self, text: str) -> None:
        """Tell a count to a log; a terminal sees it in the answer of the command."""
        if not self.is_terminal:
            self.line("count", text=text)

    def line(self, kind: str, **values: object) -> None:
        """Write one log line."""
        if self.log_format == "json":
            text = json.dumps({"run_id": self.run_id, "kind": kind, **values}, ensure_ascii=False)
        else:
            text = f"{kind}: " + " ".join(f"{key}={value}" for key, value in values.items())
        self.stream.write(text + "\n")
        self.stream.flush()

    def close(self) -> None:
        """End the changing line, so that what follows begins on a line of its own."""
        if self.is_terminal:
            self.change("")
