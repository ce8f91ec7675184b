"""The colours of the days of the Tempo tariff, as RTE announces them."""

from datetime import timedelta
from typing import Final

from watthouse.catalog.columns import Column, Kind
from watthouse.catalog.dataset import Dataset

TEMPO_COLOURS: Final = ("BLEU", "BLANC", "ROUGE")
"""From the cheapest to the dearest: 300, 43 and 22 days of a season, which runs from September to August."""

TEMPO: Final = Dataset(
    id="eco2mix-tempo",
    title="Tempo calendar",
    grain="day",
    key=("date",),
    time="date",
    measured="type_de_jour_tempo",
    columns=(
        # the tariff's day begins at 06:00 of it and ends at 06:00 of the next: who prices a night must know that
        Column("date", Kind.DATE, "civil date on whose 06:00 the Tempo day begins", labels=("Date",)),
        Column(
            "type_de_jour_tempo",
            Kind.CATEGORY,
            "colour of the Tempo day",
            labels=("Type de jour TEMPO",),
            values=TEMPO_COLOURS,
        ),
    ),
    signature=frozenset({"type_de_jour_tempo"}),
    cadence=timedelta(days=1),
    lag=timedelta(0),
    revision_window=timedelta(days=2),
    publisher="RTE",
    since="2014-09-01",
    source="RTE, éCO2mix downloads",
    notes="Comes by files alone, a season each (eCO2mix_RTE_tempo_….xls): ODRÉ does not publish it.",
    live=False,
    page="https://www.rte-france.com/eco2mix/telecharger-les-indicateurs",
)
