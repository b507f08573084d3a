"""What may stand beside an amount: words and signs of currencies."""

import unicodedata

CURRENCY_WORDS = (
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "RMB", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "INR", "BRL",
    "AUD", "CAD", "HKD", "SGD", "KRW", "TRY", "ZAR", "\u5143", "\u5186", "\uc6d0", "z\u0142", "kr", "K\u010d", "Ft",
    "Rs", "Fr",
)  # fmt: skip
"""Words; signs like the euro's are known by Unicode."""
LONGEST = 3
"""Characters of a sign with letters beside it."""


def is_currency(text: str) -> bool:
    """Return whether a text is a word or sign of a currency, or a sign and a letter or two: `R$`, `kr.`.

    >>> [is_currency(text) for text in ("\u20ac", "kr.", "R$", "Anna", "N/A")]
    [True, True, True, False, False]
    """
    signs = [character for character in text if unicodedata.category(character) == "Sc"]
    return text.removesuffix(".") in CURRENCY_WORDS or (len(signs) == 1 and len(text) <= LONGEST)
