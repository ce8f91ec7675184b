"""Gas in storage, as its operators report it."""

from datetime import timedelta
from typing import Final

from watthouse.catalog.columns import Column, Kind
from watthouse.catalog.dataset import Dataset

# Teréga ended a month before Storengy in one vintage: a naive national sum drops there
GAS_OPERATORS: Final = ("Storengy", "Teréga")
"""A day without one of them is incomplete."""

GAS: Final = Dataset(
    id="stock-quotidien-stockages-gaz",
    title="Gas in storage, end of day",
    grain="day × storage point (PITS)",
    key=("date", "source", "pits"),
    time="date",
    measured="stock_fin_de_journee",
    columns=(
        Column("date", Kind.DATE, "civil date", labels=("Date",)),
        Column(
            "stock_fin_de_journee",
            Kind.STOCK,
            "gas in storage at the end of the day",
            "GWh PCS 0 °C",
            ("Stock fin de journée", "Stock en fin de journée", "Stock de fin de journée"),
        ),
        Column("source", Kind.TEXT, "operator", labels=("Source", "Opérateur"), values=GAS_OPERATORS),
        Column("pits", Kind.TEXT, "storage point", labels=("PITS",)),
    ),
    signature=frozenset({"stock_fin_de_journee"}),
    cadence=timedelta(days=1),
    lag=timedelta(days=1),
    revision_window=timedelta(days=31),
    publisher="NaTran, Storengy, Teréga",
    since="2010-11-01",
    notes="A storage point is a group of sites; operators report on their own days. NaTran was GRTgaz until 2025.",
)
