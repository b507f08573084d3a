"""The marks that a picture consists of: geometry and a style by name; colours are in the style sheet alone.

Pictures are 360 units wide, so that a telephone shows their letters about as large as the letters of the page.
"""

import unicodedata
from dataclasses import dataclass
from fractions import Fraction

WIDTH = 360
FONT = 13
SMALL = 11
TINY = 10
LETTER = 0.56
"""Mean width of a Latin letter, in heights of the font; Chinese, Japanese and Korean ones are a full height wide."""


@dataclass(frozen=True)
class Mark:
    """One box, path or label. `hint` is shown under a resting pointer; `opacity` is the opacity of the fill."""

    kind: str
    style: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    text: str = ""
    hint: str = ""
    opacity: float = 1


@dataclass(frozen=True)
class Drawing:
    """A picture: its title for those who cannot see it, its size and its marks, the lowest first."""

    title: str
    height: float
    marks: tuple[Mark, ...]
    width: int = WIDTH


def box(x: float, y: float, width: float, height: float, style: str, hint: str = "", opacity: float = 1) -> Mark:
    """Return a rectangle; one of no width or height is as thin as can be seen."""
    return Mark("box", style, tidy(x), tidy(y), tidy(max(width, 1)), tidy(max(height, 1)), "", hint, tidy(opacity))


def path(steps: str, style: str, hint: str = "") -> Mark:
    """Return a line or an area along an SVG path."""
    return Mark("path", style, text=steps, hint=hint)


def label(x: float, y: float, text: str, style: str = "text") -> Mark:
    """Return a text whose base line is `y`."""
    return Mark("label", style, tidy(x), tidy(y), text=text)


def tidy(number: float) -> float:
    """Return the number with two decimals, finer than a pixel, whole where it is whole.

    >>> tidy(12.3456), tidy(7.0001)
    (12.35, 7)
    """
    short = round(number, 2)
    return int(short) if short == int(short) else short


def scaled(share: Fraction | None, top: Fraction, length: float) -> float:
    """Return the length of a share where `top` is the whole length; none of nothing or less."""
    return float(share / top) * length if share is not None and share > 0 and top > 0 else 0.0


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is.

    >>> round(text_width("Loyal", 10)), round(text_width("忠诚会员", 10))
    (28, 40)
    """
    return sum(size if unicodedata.east_asian_width(sign) in "WF" else size * LETTER for sign in text)


def shortened(text: str, width: float, size: float = FONT) -> str:
    """Return the text, cut with an ellipsis where it is wider than the room.

    >>> shortened("Need attention", 60, 10), shortened("Loyal", 60, 10)
    ('Need atte…', 'Loyal')
    """
    if text_width(text, size) <= width:
        return text
    kept = text
    while kept and text_width(f"{kept}…", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrapped(text: str, width: float, size: float, lines: int) -> list[str]:
    """Return the text on at most so many lines, cut at spaces where it has some.

    >>> wrapped("Cannot lose them", 60, 10, 2)
    ['Cannot', 'lose them']
    """
    found: list[str] = []
    for word in text.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and (text_width(longer, size) <= width or len(found) == lines):
            found[-1] = longer
        else:
            found.append(word)
    return [shortened(line, width, size) for line in found]
