"""Starts the JVM of a local session without the line that every such start prints."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO

NOISE = b"WARNING: Using incubator modules: jdk.incubator.vector"
"""Spark asks the JVM for this module, and the JVM says so on standard error before any setting of ours is read."""
STANDARD_ERROR = 2


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Let processes that start in the block write to standard error as ever, but for the one line.

    They keep what they were started with: a thread passes their lines on for as long as they live.
    """
    sys.stderr.flush()
    real = os.dup(STANDARD_ERROR)
    reading, writing = os.pipe()
    threading.Thread(
        target=pass_on, args=(os.fdopen(reading, "rb"), os.fdopen(os.dup(real), "wb")), daemon=True
    ).start()
    os.dup2(writing, STANDARD_ERROR)
    os.close(writing)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(real, STANDARD_ERROR)
        os.close(real)


def pass_on(lines: BinaryIO, out: BinaryIO) -> None:
    """Copy every line but the noise until the last writer has gone."""
    with lines, out:
        for line in lines:
            if line.strip() != NOISE:
                out.write(line)
                out.flush()
