"""The tariffs that a user declares, in one TOML file: prices with their dates and where they were read.

watthouse ships no prices: they change several times a year, and a stale one would be believed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from watthouse.errors import UsageError, shown
from watthouse.meters.windows import Window, windows_of

_MOST: Final = Decimal(1_000_000)
_DECIMALS: Final = 8


def _amount(given: object) -> Decimal:
    # TOML's numbers are read as decimals: 0.2016 is that, and not the float next to it
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise ValueError(f"'{shown(given)}' is no amount: write the number of your contract")
    amount = Decimal(given)
    if not amount.is_finite() or not 0 <= amount < _MOST:
        raise ValueError(f"{amount} is out of range: an amount is 0 or more, and below {_MOST:,}")
    if amount != round(amount, _DECIMALS):
        raise ValueError(f"{amount} has more than {_DECIMALS} decimals")
    return amount


def _windows(given: object) -> tuple[Window, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(text, str) for text in given):
        raise ValueError('use a list of windows, as ["22:00-06:00"]')
    return windows_of(given)


Amount = Annotated[Decimal, BeforeValidator(_amount)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(_windows)]


class _Strict(BaseModel):
    # a misspelt key that is ignored gives a plausible wrong bill
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class AnyTime(_Strict):
    """One price a kWh."""

    base: Amount


class ByWindow(_Strict):
    """A price a kWh for the hours of each window."""

    hp: Amount
    hc: Amount


class ByColour(_Strict):
    """The same for each colour of the Tempo day."""

    bleu: ByWindow
    blanc: ByWindow
    rouge: ByWindow


class _Tariff(_Strict):
    """What every tariff says: prices hold from ``since`` to ``until``, both included (no end where that is None)."""

    name: Text
    since: date = Field(alias="from")
    until: date | None = Field(default=None, alias="to")
    source: Text
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    standing_per_month: Amount | None = None
    standing_per_year: Amount | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.until is not None and self.until < self.since:
            raise ValueError(f"it ends ({self.until}) before it begins ({self.since})")
        if (self.standing_per_month is None) == (self.standing_per_year is None):
            raise ValueError("one of standing_per_month and standing_per_year is needed, and not both")
        return self

    @property
    def last(self) -> date:
        """The last day on which the prices hold."""
        return self.until or date.max


class BaseTariff(_Tariff):
    """One price at any time."""

    option: Literal["base"]
    prices: AnyTime
    off_peak: ClassVar[tuple[Window, ...]] = ()

    def price(self, window: str, colour: str | None) -> Decimal | None:  # noqa: ARG002
        return self.prices.base


class HpHcTariff(_Tariff):
    """Peak and off-peak hours."""

    option: Literal["hp_hc"]
    off_peak: Windows
    prices: ByWindow

    def price(self, window: str, colour: str | None) -> Decimal | None:  # noqa: ARG002
        return getattr(self.prices, window.lower())  # type: ignore[no-any-return]


class TempoTariff(_Tariff):
    """Peak and off-peak hours of blue, white and red days."""

    option: Literal["tempo"]
    off_peak: Windows
    prices: ByColour

    def price(self, window: str, colour: str | None) -> Decimal | None:
        """None for energy of a day whose colour is not known: it has no price."""
        return getattr(getattr(self.prices, colour.lower()), window.lower()) if colour else None


Tariff = BaseTariff | HpHcTariff | TempoTariff


class _Declared(_Strict):
    tariff: Annotated[list[Annotated[Tariff, Field(discriminator="option")]], Field(min_length=1)]


class Tariffs:
    """The tariffs of a file, by name, each in order of its dates; ``version`` changes with its content."""

    def __init__(self, tariffs: Sequence[Tariff], version: str) -> None:
        self.version: Final = version
        self.by_name: Final[Mapping[str, Sequence[Tariff]]] = {
            name: sorted((one for one in tariffs if one.name == name), key=lambda one: one.since)
            for name in dict.fromkeys(one.name for one in tariffs)
        }


def read(path: Path) -> Tariffs:
    """The tariffs of a file.

    Raises :class:`~watthouse.errors.UsageError`, one line with file and key, where there is none or it cannot be used.
    """
    name = path.name
    try:
        written = path.read_bytes()
        given = tomllib.loads(written.decode(), parse_float=Decimal)
    except FileNotFoundError:
        raise UsageError(
            f"there is no file of tariffs ({name}): docs/meters.md shows one, and WATTHOUSE_TARIFFS names it"
        ) from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror}): WATTHOUSE_TARIFFS names the file") from None
    except ValueError as error:  # of TOML, and of UTF-8
        raise UsageError(f"{name} is not TOML in UTF-8: {shown(error, 120)}") from None
    try:
        declared = TypeAdapter(_Declared).validate_python(given).tariff
    except ValidationError as error:
        raise UsageError(f"{name}: {_told(error, given)}") from None
    for tariff, following in _neighbours(declared):
        if tariff.currency != following.currency or tariff.option != following.option:
            raise UsageError(f"{name}: tariff '{tariff.name}' changes its option or its currency: give it another name")
        if following.since <= tariff.last:
            raise UsageError(
                f"{name}: tariff '{tariff.name}' has two prices on {following.since}: end the earlier one before (to)"
            )
    return Tariffs(declared, sha256(written).hexdigest()[:16])


def _neighbours(declared: Sequence[Tariff]) -> list[tuple[Tariff, Tariff]]:
    in_order = sorted(declared, key=lambda one: (one.name, one.since))
    return [(one, other) for one, other in pairwise(in_order) if one.name == other.name]


def _told(error: ValidationError, given: Mapping[str, Any]) -> str:
    """The first fault with the key at which it stands, and how many more there are."""
    first, *others = error.errors()
    # the third is the option, by which pydantic chooses among the kinds of tariff
    keys = first["loc"][:2] + first["loc"][3:]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "there is no such key"
    elif first["type"] == "missing":
        message = "it is missing"
    told = f"{_place(keys, given)}: {shown(message, 160)}"
    return f"{told} (and {len(others)} more)" if others else told


def _place(keys: tuple[int | str, ...], given: Mapping[str, Any]) -> str:
    """The key by the name of its tariff: `tariff 'Base 6 kVA', prices.base`."""
    if len(keys) < 2 or not isinstance(keys[1], int):
        return ".".join(map(str, keys)) or "the file"
    declared = given["tariff"][keys[1]]
    name = declared.get("name") if isinstance(declared, dict) else None
    tariff = f"tariff '{shown(name)}'" if name else f"tariff number {keys[1] + 1}"
    inner = ".".join(str(key) for key in keys[2:])
    return f"{tariff}, {inner}" if inner else tariff
