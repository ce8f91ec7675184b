"""The sources of France in words, in the order in which the questions name them."""

from collections.abc import Mapping
from typing import Final

from watthouse.serve.locale import Text

IN_WORDS: Final[Mapping[str, Text]] = {
    "nucleaire": Text(fr="le nucléaire", en="nuclear"),
    "eolien": Text(fr="l’éolien", en="wind"),
    "solaire": Text(fr="le solaire", en="solar"),
    "hydraulique": Text(fr="l’hydraulique", en="hydro"),
    "gaz": Text(fr="le gaz", en="gas"),
    "charbon": Text(fr="le charbon", en="coal"),
    "fioul": Text(fr="le fioul", en="oil"),
    "bioenergies": Text(fr="les bioénergies", en="bioenergy"),
}

SOURCES: Final = tuple(IN_WORDS)
