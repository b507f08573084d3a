"""Numbers out of text, as a source says that it writes them, and text out of numbers; nothing is guessed."""

import re
import unicodedata

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Negative
from rfm_spark.config.source import NumberFormat

DIGITS = "".join(chr(code) for code in range(0x110000) if unicodedata.decimal(chr(code), None) is not None)
ASCII_DIGITS = "".join(str(unicodedata.decimal(digit)) for digit in DIGITS)
"""Digits of all scripts, full width too, and what each stands for."""
MINUSES = "\u2212\ufe63\uff0d"
"""Minus sign, small and full-width hyphen-minus."""
OTHER_FORMS = {"\uff0c": ",", "\uff0e": ".", "\uff08": "(", "\uff09": ")", "\uff0b": "+"}
"""Punctuation of full width."""
WIDE_NUMBER = "decimal(38,18)"
"""What an amount becomes that is a whole number in one file and a double in another; its 18 decimals say nothing."""
BLANK = r"[\s\u00a0\u2007\u2009\u202f\u3000\ufeff]"
QUOTES = r"['\u2019]"
EXPONENT = "(?:[eE][+-]?[0-9]{1,3})?"


def id_text(value: Column, type_: str) -> Column:
    """Return a value as text; a whole number is its digits, whatever type a file gives it.

    The double 12345678 of a Parquet file is the member of `12345678` in a CSV file, and not `1.2345678E7`:

    >>> ids = rows("number", "12345678", "7.5").withColumn("number", F.col("number").cast("double"))
    >>> show(ids.withColumn("id_text", id_text(F.col("number"), "double")), "id_text")
    | id_text  |
    |----------|
    | 12345678 |
    | 7.5      |
    """
    text = value.cast("string")
    if type_ in ("float", "double"):
        digits = value.try_cast("decimal(38,0)").cast("string")
        return F.when(F.isnan(value), None).when(value == F.floor(value), digits).otherwise(text)
    if type_ == WIDE_NUMBER:
        return F.regexp_replace(text, r"\.?0+$", "")
    return F.regexp_replace(text, r"\.0+$", "") if type_.startswith("decimal") else text


def plain_number(text: Column, format_: NumberFormat) -> Column:
    """Return a number as digits, a point and a minus; NULL where the text is not written as the format says.

    >>> german = NumberFormat(decimal=",", thousands=(".",), symbols=("EUR",), negative=tuple(Negative))
    >>> amounts = rows("amount_text", "1.234,50EUR", "(30,00)", "25-", "1,234.50", "12.50")
    >>> show(amounts.withColumn("number", plain_number(F.col("amount_text"), german)))
    | amount_text | number  |
    |-------------|---------|
    | (30,00)     | -30.00  |
    | 1,234.50    | NULL    |
    | 1.234,50EUR | 1234.50 |
    | 12.50       | NULL    |
    | 25-         | -25     |
    """
    bare = F.regexp_replace(_in_ascii(text), f"^{BLANK}+|{BLANK}+$", "")
    bare = _without_symbols(bare, format_.symbols)
    is_negative, bare = _sign(bare, format_.negative)
    bare = _without_symbols(bare, format_.symbols)
    unsigned = F.when(bare.rlike(_pattern(format_)), _with_point(bare, format_))
    return F.when(is_negative, F.concat(F.lit("-"), unsigned)).otherwise(unsigned)


def _in_ascii(text: Column) -> Column:
    """Return the text with digits and signs of all scripts as those of ASCII."""
    others = "".join(OTHER_FORMS)
    return F.translate(
        text, DIGITS + MINUSES + others, ASCII_DIGITS + "-" * len(MINUSES) + "".join(OTHER_FORMS.values())
    )


def _without_symbols(text: Column, symbols: tuple[str, ...]) -> Column:
    """Return the text without one of the symbols at its beginning or end."""
    if not symbols:
        return text
    any_of = "|".join(re.escape(symbol) for symbol in sorted(symbols, key=len, reverse=True))
    return F.regexp_replace(text, f"^(?:{any_of}){BLANK}*|{BLANK}*(?:{any_of})$", "")


def _sign(text: Column, ways: tuple[Negative, ...]) -> tuple[Column, Column]:
    """Return whether the number is negative, and the text without what says so."""
    patterns = {
        Negative.MINUS: f"^-{BLANK}*(.*)$",
        Negative.TRAILING_MINUS: f"^(.*?){BLANK}*-$",
        Negative.PARENTHESES: rf"^\({BLANK}*(.*?){BLANK}*\)$",
    }
    is_negative, bare = F.lit(False), F.regexp_replace(text, rf"^\+{BLANK}*", "")
    for way in ways:
        holds = text.rlike(patterns[way])
        is_negative = is_negative | holds
        bare = F.when(holds, F.regexp_extract(text, patterns[way], 1)).otherwise(bare)
    return is_negative, bare


def _pattern(format_: NumberFormat) -> str:
    """Return the pattern of a number without sign: whole digits, or groups of three (India: of two before them)."""
    point = re.escape(format_.decimal)
    grouped = [f"[0-9]{{1,3}}(?:{between}[0-9]{{2,3}})*{between}[0-9]{{3}}" for between in _between(format_.thousands)]
    whole = "|".join(["[0-9]+", *grouped])
    exponent = EXPONENT if format_.scientific else ""
    return f"^(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+){exponent}$"


def _with_point(text: Column, format_: NumberFormat) -> Column:
    """Return the digits without groups and with a point before the decimals."""
    groups = _between(format_.thousands)
    digits = F.regexp_replace(text, "|".join(groups), "") if groups else text
    return F.translate(digits, format_.decimal, ".")


def _between(thousands: tuple[str, ...]) -> list[str]:
    """Return the patterns of what stands between groups: all blanks are one, and so are both apostrophes."""
    classes = (BLANK, QUOTES)
    return [next((one for one in classes if re.fullmatch(one, text)), re.escape(text)) for text in thousands]
