"""Other people's text made inert: nothing in it is an order to a terminal, or hidden from who reads it."""

import json
import re
from typing import Final

# C0 but line ends and tabs, DEL and C1; then what Unicode has for no eye: marks of direction, zero widths, separators
# of lines, tags. A surrogate alone is a byte of a file's name that is no UTF-8, which no stream can write.
_UNSEEN: Final = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
SIGNS: Final = re.compile(rf"[{_UNSEEN}\ud800-\udfff\U000e0000-\U000e007f]")
"""What a terminal acts on or hides; line ends and tabs, which are seen, are not among them."""
_ON_A_LINE: Final = re.compile(r"[\t\n]+")
_REPLACEMENT: Final = "\ufffd"


def visible(text: str) -> str:
    """The text with a sign for each character that a terminal acts on or hides; line ends and tabs stay.

    A control character becomes its picture (``␛``), so that it can be told what was there.
    """
    return text if text.isascii() and text.isprintable() else SIGNS.sub(lambda found: _picture(found[0]), text)


def line(text: str) -> str:
    """The same on one line: data that brought line ends cannot write lines of watthouse's own."""
    return visible(_ON_A_LINE.sub(" ", text))


def escaped(document: str) -> str:
    """A JSON document that says the same and has none of these characters: they stand there as ``\\u202e``."""
    return SIGNS.sub(lambda found: json.dumps(found[0])[1:-1], document)


def _picture(sign: str) -> str:
    if sign == "\x7f":
        return "\u2421"
    return chr(0x2400 + ord(sign)) if sign < " " else _REPLACEMENT
