"""How a verb declares itself: what it does, its flags, what it writes and never writes. No Spark."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rfm_spark.dates import Every
from rfm_spark.steps.request import Order, Reprocess


@dataclass(frozen=True)
class Flag:
    """One flag of the command line, as argparse takes it."""

    name: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    is_switch: bool = False
    is_positional: bool = False
    required: bool = False
    default: str | None = None

    @property
    def spelling(self) -> str:
        """Return the flag as it is written; a positional one has no dashes."""
        return self.name if self.is_positional else f"--{self.name}"

    def meaning(self, help_: str) -> "Flag":
        """Return the flag with another help text, where a verb means something of its own by it."""
        return replace(self, help=help_)

    def options(self) -> Mapping[str, object]:
        """Return what argparse's add_argument takes beside the name."""
        if self.is_positional:
            return {"help": self.help, "metavar": self.metavar}
        if self.is_switch:
            return {"action": "store_true", "help": self.help}
        options: dict[str, object] = {"help": self.help, "required": self.required, "default": self.default}
        if self.repeatable:
            options["action"] = "append"
        if self.choices:
            return {**options, "choices": self.choices}
        return {**options, "metavar": self.metavar}


@dataclass(frozen=True)
class Verb:
    """One command. `writes`: the tables it writes; `never`: what it never does; `also`: what depends on
    a flag. Its job file says all of it.

    `stops_on_breach`: a broken limit of `checks` refuses the date instead of being a note. `tracks`: it brings history
    up to date and publishes. `has_lines`: its answer is its lines, which the result file has too; none names a member.
    `is_file`: these lines are a file to be saved, and the closing line goes to the error stream.
    """

    help: str
    flags: tuple[Flag, ...] = ()
    writes: tuple[str, ...] = ()
    never: str = ""
    also: str = ""
    stops_on_breach: bool = False
    tracks: bool = False
    has_lines: bool = False
    is_file: bool = False
    needs_session: bool = True

    @property
    def is_read_only(self) -> bool:
        """Return whether the verb writes no table, and so takes no lock."""
        return not self.writes

    def all_flags(self) -> tuple[Flag, ...]:
        """Return the flags of every verb, and those of this one."""
        return (*COMMON, *((INIT,) if self.needs_session else ()), *self.flags)

    def description(self) -> str:
        """Return what the verb does, writes and never does, in sentences: the docstring of its job file.

        >>> print(Verb("count moves", never="changes a table").description())
        Count moves.
        <BLANKLINE>
        Writes no table. Never changes a table.
        """
        writes = f"Writes {', '.join(self.writes)}." if self.writes else "Writes no table."
        also = f" {self.also}." if self.also else ""
        return f"{self.help[0].upper()}{self.help[1:]}.\n\n{writes}{also} Never {self.never}."


COMMON = (
    Flag("config", "configuration, merged over the one before", "DIR|FILE|URI", repeatable=True),
    Flag("set", "one value over the configuration", "SECTION.KEY=VALUE", repeatable=True),
    Flag("run-id", "name of this run (default: made from time and verb)", "ID"),
    Flag("result-path", "where to write run_result.json", "FILE|URI"),
    Flag("log-format", "shape of log lines", choices=("text", "json"), default="text"),
    Flag("reason", "why; kept in run_log", "TEXT"),
)
INIT = Flag("init", "create missing tables first", is_switch=True)
AS_OF = Flag("as-of", "last day to include", "DATE")
TODAY = Flag("today", "the day it is, for tests: a line of a later day is rejected; default: by the clock", "DATE")
FROM = Flag("from", "first day, inclusive", "DATE")
TO = Flag("to", "last day, inclusive", "DATE")
EVERY = Flag("every", "step of the as-of dates", choices=tuple(every.value for every in Every))
ORDER = Flag("order", "which dates come first", choices=tuple(order.value for order in Order))
DROP = Flag("drop", "take this as-of date away instead", "DATE")
REPROCESS = Flag(
    "reprocess", "which published dates to compute again", choices=tuple(choice.value for choice in Reprocess)
)
SEGMENT_SET = Flag("segment-set", "only this set (repeatable)", "NAME", repeatable=True)
SOURCE = Flag("source", "only this source (repeatable)", "NAME", repeatable=True)
