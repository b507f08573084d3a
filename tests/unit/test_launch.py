"""What a starting JVM writes to standard error is seen, but for the one line about a module."""

import io
import subprocess
import sys
import time

import pytest

from rfm_spark.io.launch import NOISE, pass_on, without_noise


class Kept(io.BytesIO):
    """A stream that still has its bytes when it is closed."""

    def close(self) -> None:
        self.text = self.getvalue()
        super().close()


def test_every_line_but_the_noise_is_passed_on():
    before, other = b"WARNING: a real one\n", NOISE + b", and foreign.module\nlast, without end"
    out = Kept()
    pass_on(io.BytesIO(before + NOISE + b"\n" + other), out)
    assert out.text == before + other


def test_a_process_that_outlives_the_block_is_still_heard(capfd: pytest.CaptureFixture[str]):
    program = f"import sys, time; print({NOISE.decode()!r}, file=sys.stderr); time.sleep(0.2); sys.exit('late')"
    with without_noise():
        child = subprocess.Popen([sys.executable, "-c", program])
    assert child.wait(timeout=30) == 1
    seen, until = "", time.monotonic() + 10
    while "late" not in seen and time.monotonic() < until:
        seen += capfd.readouterr().err
        time.sleep(0.01)
    assert seen == "late\n"
