"""Texts that differ in capitals, width or composed characters alone become one text; exact, as Unicode defines it.

Spark has no function for two of the three, so its ICU library is called by `reflect`, for texts beyond ASCII only.
Each is written twice: for the columns of a source, and for the words of its configuration.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from rfm_spark.config.choices import Fold

OTHER_WIDTHS = (0x3000, *range(0xFF00, 0xFFF0))
"""Where Unicode has letters, digits and signs a second time, in another width."""
VOICE_MARKS = "\uff9e\uff9f"
"""Half-width marks that make one kana of two characters: `\uff76\uff9e` is `\u30ac`."""
ASCII = r"^[\x00-\x7f]*$"


def _widths() -> Mapping[str, str]:
    found = {chr(code): unicodedata.decomposition(chr(code)).split() for code in OTHER_WIDTHS}
    return {text: chr(int(parts[1], 16)) for text, parts in found.items() if parts}


WIDTHS = _widths()
"""Each character of another width, and the one that it is."""


def _voiced() -> dict[str, str]:
    pairs = {kana + mark: WIDTHS[kana] + WIDTHS[mark] for kana in WIDTHS for mark in VOICE_MARKS}
    composed = {pair: unicodedata.normalize("NFC", text) for pair, text in pairs.items()}
    return {pair: text for pair, text in composed.items() if len(text) == 1}


VOICED = _voiced()
"""Each half-width kana with its mark, and the one kana that they are."""


def folded(text: Column, folds: Sequence[Fold]) -> Column:
    """Return the text without the differences that do not count.

    >>> mails = rows("mail", "Ann@X.example", "\uff21nn@x.example", "Rene\u0301@x.example", "REN\u00c9@x.example")
    >>> show(mails.select(folded(F.col("mail"), tuple(Fold)).alias("folded")))
    | folded         |
    |----------------|
    | ann@x.example  |
    | ann@x.example  |
    | ren\u00e9@x.example |
    | ren\u00e9@x.example |
    """
    if not folds:
        return text
    plain = F.lower(text) if Fold.CASE in folds else text
    return F.when(text.rlike(ASCII), plain).when(text.isNotNull(), _folded_beyond_ascii(text, folds))


def _folded_beyond_ascii(text: Column, folds: Sequence[Fold]) -> Column:
    if Fold.WIDTH in folds:
        joined = reduce(lambda whole, pair: F.replace(whole, F.lit(pair), F.lit(VOICED[pair])), VOICED, text)
        text = F.translate(joined, "".join(WIDTHS), "".join(WIDTHS.values()))
    if Fold.NFC in folds:
        text = _composed(text)
    if Fold.CASE in folds:
        text = F.reflect(F.lit("com.ibm.icu.lang.UCharacter"), F.lit("foldCase"), text, F.lit(True))
        # Folding takes some characters apart, like the j with a caron; where both are asked, the result is composed.
        text = _composed(text) if Fold.NFC in folds else text
    return text


def _composed(text: Column) -> Column:
    return F.reflect(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), text, F.lit(False))


def folded_words(words: Iterable[str], folds: Sequence[Fold]) -> tuple[str, ...]:
    """Return words of the configuration as `folded` makes them.

    >>> folded_words(["NULL", "\uff2e\uff0f\uff21", "Stra\u00dfe"], (Fold.CASE, Fold.WIDTH))
    ('null', 'n/a', 'strasse')
    """
    return tuple(_folded_word(word, folds) for word in words)


def _folded_word(word: str, folds: Sequence[Fold]) -> str:
    if Fold.WIDTH in folds:
        word = reduce(lambda text, pair: text.replace(pair, VOICED[pair]), VOICED, word)
        word = "".join(WIDTHS.get(character, character) for character in word)
    if Fold.NFC in folds:
        word = unicodedata.normalize("NFC", word)
    if Fold.CASE in folds:
        word = word.casefold()
        word = unicodedata.normalize("NFC", word) if Fold.NFC in folds else word
    return word
