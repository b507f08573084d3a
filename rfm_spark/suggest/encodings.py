"""The encoding of a file, under the name that Java has for it."""

import codecs
from typing import NamedTuple

UTF_8 = "UTF-8"
LIKELY = {
    "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "cp1253": "windows-1253",
    "cp1254": "windows-1254", "cp1257": "windows-1257", "gb18030": "GB18030", "big5": "Big5", "shift_jis": "Shift_JIS",
    "cp932": "windows-31j", "euc_jp": "EUC-JP", "euc_kr": "EUC-KR", "cp949": "x-windows-949",
}  # fmt: skip
"""The encodings among which the likeliest is chosen, by their names in Python and in Java."""


class Encoding(NamedTuple):
    """How bytes are text: `java` is what the configuration writes; `is_guessed`: the likeliest one alone."""

    python: str
    java: str
    is_guessed: bool = False


def encoding_of(head: bytes, is_whole: bool) -> Encoding:
    """Return the encoding of the bytes: by their mark, UTF-8 where they are, else the likeliest.

    >>> encoding_of("Th\u00e9".encode(), True).java, encoding_of("Th\u00e9".encode("utf-16"), True).java
    ('UTF-8', 'UTF-16')
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Encoding("utf-16", "UTF-16")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=is_whole)
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(head, cp_isolation=list(LIKELY)).best()
        name = best.encoding if best is not None and best.encoding in LIKELY else "cp1252"
        return Encoding(name, LIKELY[name], is_guessed=True)
    return Encoding("utf-8", UTF_8)
