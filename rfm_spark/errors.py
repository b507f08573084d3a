"""What can go wrong, and the exit code that tells a scheduler what to do about it.

An error says where it is, what was found, what was expected and what to do next. It never quotes a value of
a member: names, phone numbers and references stay in the data.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells its scheduler when it ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CHECK_FAILED = 3
    CONFLICT = 4


class RfmSparkError(Exception):
    """A failure with an exit code of its own and a message that a person can act on."""

    exit_code = ExitCode.FAILED

    def __init__(self, where: str, found: str, expected: str = "", next_step: str = "") -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.next_step = next_step
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the one line that ends a run.

        >>> UsageError("orders.yaml:3", "max_amount is 'many'", "a number", "write max_amount: 1000000").sentence()
        "orders.yaml:3: max_amount is 'many'; expected a number; write max_amount: 1000000"
        """
        parts = [f"{self.where}: {self.found}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.next_step:
            parts.append(self.next_step)
        return "; ".join(parts)


class UsageError(RfmSparkError):
    """Bad flags, configuration or input schema: nothing was written (exit 2)."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """Everything that is wrong with a configuration, all at once (exit 2)."""

    def __init__(self, problems: "list[RfmSparkError]") -> None:
        self.problems = problems
        is_one = len(problems) == 1
        count = "1 error" if is_one else f"{len(problems)} errors"
        step = f"fix {'it' if is_one else 'them'}, then run rfm-spark check"
        super().__init__("configuration", count, next_step=step)

    def lines(self) -> list[str]:
        """Return one line per error, in the order of the files."""
        return [problem.sentence() for problem in self.problems]


class DataCheckError(RfmSparkError):
    """The data broke a check: this date or ingest is not published, earlier ones stay (exit 3)."""

    exit_code = ExitCode.CHECK_FAILED


class ConflictError(RfmSparkError):
    """Another writer was faster: nothing of ours was written, a retry is safe (exit 4)."""

    exit_code = ExitCode.CONFLICT


EXIT_CODE_PRECEDENCE = (
    ExitCode.USAGE,
    ExitCode.FAILED,
    ExitCode.CHECK_FAILED,
    ExitCode.CONFLICT,
    ExitCode.DONE,
)


def worst_exit_code(codes: list[ExitCode]) -> ExitCode:
    """Return the one exit code of several outcomes: 2 before 1 before 3 before 4.

    >>> worst_exit_code([ExitCode.CONFLICT, ExitCode.CHECK_FAILED, ExitCode.DONE])
    <ExitCode.CHECK_FAILED: 3>
    >>> worst_exit_code([])
    <ExitCode.DONE: 0>
    """
    return next((code for code in EXIT_CODE_PRECEDENCE if code in codes), ExitCode.DONE)
