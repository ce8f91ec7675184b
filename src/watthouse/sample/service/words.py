"""ODSQL cut into words."""

import re
from dataclasses import dataclass
from typing import Final

from watthouse.sample.service.refusals import malformed

_WORD: Final = re.compile(
    r"""\s*(?:
      (?P<date>date\s*(?:'[^']*'|"[^"]*"))
    | (?P<text>'[^']*'|"[^"]*")
    | (?P<name>[^\W\d]\w*|`[^`]+`)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<sign>>=|<=|!=|=|<|>|\(|\)|,|\*)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Word:
    """One word: its ``kind`` (date, text, name, number, sign, end) and what it says, quotes taken off."""

    kind: str
    says: str


_END: Final = Word("end", "the end")


class Words:
    """The words of one ODSQL text, taken one after the other; raises a 400 :class:`RefusalError` where they run out."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = _cut(text)
        self._next = 0

    @property
    def ended(self) -> bool:
        return self.peek() is _END

    def peek(self) -> Word:
        return self._words[self._next] if self._next < len(self._words) else _END

    def take(self, kind: str) -> str:
        """The next word, which must be of that kind."""
        word = self.peek()
        if word.kind != kind:
            raise self.lost()
        self._next += 1
        return word.says

    def skip(self, says: str) -> bool:
        """Step over the next word if it is this sign or keyword."""
        word = self.peek()
        found = word.kind in {"name", "sign"} and word.says.lower() == says
        self._next += found
        return found

    def expect(self, says: str) -> None:
        if not self.skip(says):
            raise self.lost()

    def lost(self) -> Exception:
        """The refusal that points at the word which does not belong here."""
        return malformed(f"Syntax error near '{self.peek().says}' in: {self._text}")


def _cut(text: str) -> list[Word]:
    words, place, text = [], 0, text.rstrip()
    while place < len(text):
        found = _WORD.match(text, place)
        if not found:
            raise malformed(f"Syntax error near '{text[place : place + 20].strip()}' in: {text}")
        words.append(_word(str(found.lastgroup), found.group(str(found.lastgroup))))
        place = found.end()
    return words


def _word(kind: str, says: str) -> Word:
    if kind == "date":
        return Word(kind, says[4:].strip()[1:-1])
    if kind == "text" or says.startswith("`"):
        return Word(kind, says[1:-1])
    return Word(kind, says)
