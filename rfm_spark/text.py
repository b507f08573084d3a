"""Words and figures for people."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, in the form that fits it.

    >>> counted(1, "date"), counted(1200, "row"), counted(2, "entry", "entries")
    ('1 date', '1,200 rows', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
