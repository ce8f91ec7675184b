"""Temperature by day and region."""

from datetime import timedelta
from typing import Final

from watthouse.catalog.columns import REGION_CODE, Column, Kind
from watthouse.catalog.dataset import Dataset

TEMPERATURE: Final = Dataset(
    id="temperature-quotidienne-regionale",
    title="Daily temperature by region",
    grain="day × region",
    # not `id`, which is the publisher's own numbering
    key=("date", "code_insee_region"),
    time="date",
    measured="tmoy",
    columns=(
        Column("id", Kind.TEXT, "the publisher's row id", labels=("ID",)),
        Column("date", Kind.DATE, "civil date", labels=("Date",)),
        REGION_CODE,
        Column("region", Kind.REGION_NAME, "official name of the region", labels=("Région",)),
        Column("tmin", Kind.TEMPERATURE, "lowest temperature of the day", "°C", ("TMin",)),
        Column("tmax", Kind.TEMPERATURE, "highest temperature of the day", "°C", ("TMax",)),
        Column("tmoy", Kind.TEMPERATURE, "mean temperature of the day", "°C", ("TMoy",)),
    ),
    signature=frozenset({"tmin", "tmax", "tmoy"}),
    cadence=timedelta(days=31),
    lag=timedelta(days=15),
    revision_window=timedelta(days=62),
    publisher="Météo-France, Weathernews France",
    since="2016",
    notes="Thirteen regions, Corsica included; whole days are missing, nearly all of them month ends.",
)
