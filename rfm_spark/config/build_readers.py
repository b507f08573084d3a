"""How a source is read: options, database connections and patterns, each from an allow-list.

An option that could run code, or drop lines without counting them, is not on the list.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from rfm_spark.config.choices import Format
from rfm_spark.config.composite_types import Values
from rfm_spark.config.problems import Problems, did_you_mean
from rfm_spark.config.source import EMPTY, Jdbc, NumberFormat

OPTIONS: Mapping[Format, tuple[str, ...]] = {
    Format.CSV: (
        "header", "sep", "delimiter", "comment", "quote", "escape", "charToEscapeQuoteEscaping", "encoding",
        "multiLine", "lineSep", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "nullValue", "emptyValue",
        "maxColumns", "maxCharsPerColumn", "compression", "recursiveFileLookup",
    ),
    Format.JSON: (
        "encoding", "multiLine", "lineSep", "compression", "allowComments", "allowUnquotedFieldNames",
        "allowSingleQuotes", "allowNumericLeadingZeros", "allowBackslashEscapingAnyCharacter",
        "allowUnquotedControlChars", "recursiveFileLookup",
    ),
    Format.PARQUET: ("datetimeRebaseMode", "int96RebaseMode", "recursiveFileLookup"),
    Format.DELTA: ("versionAsOf", "timestampAsOf"),
    Format.JDBC: ("queryTimeout",),
    Format.TEXT: ("encoding", "lineSep", "compression", "recursiveFileLookup"),
}  # fmt: skip
CREDENTIALS_IN_URL = re.compile(
    r"(?i)(user(_?name)?|(?<!u)uid|pass(word|wd|code|phrase)?|pwd|token|secret|credentials?|(?<!ssl)key)\d*\s*="
    r"|//[^/?;]*@|:[^/@:]+/[^/@:]+@"
)
"""Parameters by the end of their name (trustStorePassword, accessToken); uuid and sslkey, a path, hold no secret."""
CODE_IN_URL = re.compile(r"(?i)\b(init|autodeserialize|queryinterceptors|socketfactory\w*|allowloadlocal\w*)\s*=")
JAVA_ONLY_PATTERN = re.compile(r"\\[pPhHRXGQEzK]|\[[^\]]*&&|\(\?<[A-Za-z]|(?<!^)\(\?[a-zA-Z-]+\)")
PYTHON_ONLY_PATTERN = re.compile(r"(?<!\\)\(\?(P|\(|#)")


def reader_options(values: Values | None, format_: Format, path: str, problems: Problems) -> Mapping[str, str]:
    """Return the options under their own spelling; one that is not on the list of the format is an error."""
    if values is None:
        return EMPTY
    known = {option.lower(): option for option in OPTIONS[format_]}
    options: dict[str, str] = {}
    for key, value in values.data.items():
        option = known.get(key.lower())
        if option is None:
            hint = did_you_mean(key, OPTIONS[format_])
            problems.add(values.place(key), f"{path}.{key} is not allowed for {format_}", next_step=hint)
        else:
            options[option] = value
    if len(options.get("comment", "#")) != 1:
        problems.add(values.place("comment"), f"{path}.comment is a text", "one character, like '#'")
    return options


def build_number(values: Values | None, path: str, problems: Problems) -> NumberFormat | None:
    """Return how numbers are written; a character between groups that also comes before decimals is an error."""
    if values is None:
        return None
    format_ = NumberFormat(**values.kept("decimal", "thousands", "symbols", "negative", "scientific"))
    if format_.decimal in format_.thousands:
        found = f"{path} has {format_.decimal!r} before decimals and between groups"
        problems.add(values.where, found, "two characters", "write decimal: ',' where thousands are points")
    return format_


def build_jdbc(values: Values | None, path: str, problems: Problems) -> Jdbc | None:
    """Return the connection; an error about the url never shows it."""
    if values is None:
        return None
    url = values.get("url", "")
    where = values.place("url")
    if CREDENTIALS_IN_URL.search(url) or CREDENTIALS_IN_URL.search(unquote(url)):
        next_step = "write user: {env: NAME} and password: {env: NAME} beside it; others belong in files of the driver"
        problems.add(where, f"{path}.url holds a user, a password or another secret", "a url without them", next_step)
    if CODE_IN_URL.search(url):
        problems.add(where, f"{path}.url has a parameter that can run code", "a url without it")
    bounds = ("partition_column", "lower_bound", "upper_bound", "partitions")
    written = [key for key in bounds if key in values]
    if written and len(written) != len(bounds):
        problems.add(
            values.place(written[0]), f"{path} has {', '.join(written)}", f"all of {', '.join(bounds)}, or none"
        )
    kept = values.kept("driver", "user", "password", *bounds, "fetch_size")
    return Jdbc(url=url, table=values.get("table", ""), **kept)


def build_batch(values: Values | None, path: str, problems: Problems) -> str | None:
    """Return the pattern that finds the batch in the name of a file; None where each file is one."""
    pattern: str | None = None if values is None else values.get("from")
    if values is not None and pattern is not None:
        check_pattern(pattern, values.place("from"), path, problems, "from")
    return pattern


def check_pattern(pattern: str, where: str, path: str, problems: Problems, key: str = "pattern") -> None:
    """Check a regular expression; what only Java reads is left to it, apart from the group."""
    if not re.search(r"(?<!\\)\((?!\?[:=!<>])|\(\?<[A-Za-z]", pattern):
        problems.add(where, f"{path}.{key} has no group", "a pattern like 'C?([0-9]+)': the group is the value")
    python = PYTHON_ONLY_PATTERN.search(pattern)
    if python:
        found = f"{path}.{key} has {python[0]}"
        problems.add(where, found, "a regular expression of Java", "plain groups are enough")
    if python or JAVA_ONLY_PATTERN.search(pattern):
        return
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        problems.add(where, f"{path}.{key} cannot be read: {error}", "a regular expression")
