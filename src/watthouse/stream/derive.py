"""What follows from observations, in Spark SQL: production, shares, balance; as the slots marts have it, to the bit.

Whether the mix of a slot is known depends on its day: every source that the place publishes on that civil day has to be
known, and the day has to have some load (``best_series`` in ``transform/macros``). So the rows of whole days go in.
Real-time values last a quarter hour each: of the macro, what is about half hours and settled data has no part here.
"""

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from watthouse.stream.documents import PRODUCTION, Layout

if TYPE_CHECKING:  # an environment of its own has it
    from pyspark.sql import SparkSession

SAMPLE: Final = "sample"
"""The name of the synthetic sample that the figures are of; null where they are published."""
STORED: Final = "stored"
"""Whether a row was read from the store."""
STORED_PRODUCTION: Final = "stored_production_mw"
"""The production that the store has for it."""


def schema(layout: Layout) -> pa.Schema:
    """The columns of observations: heads of a document, values under the publisher's names [MW, g/kWh, %]."""
    columns = [*layout.published, *layout.forecasts]
    fields: list[pa.Field[Any]] = [
        *(pa.field(name, pa.string()) for name in ("_id", "region", "date", "heure", "nature", SAMPLE)),
        pa.field("instant", pa.timestamp("us", "UTC")),
        pa.field("rev", pa.int64()),
        *(pa.field(name, pa.float64() if name in layout.rates else pa.int64()) for name in columns),
        pa.field(STORED, pa.bool_()),
        pa.field(STORED_PRODUCTION, pa.int64()),
    ]
    return pa.schema(fields)


def derived(spark: "SparkSession", layout: Layout, observations: pa.Table) -> pa.Table:
    """The fields of documents, except ``name``, of the newest observation of each key; without those stored already.

    ``observations`` are whole days in the shape of :func:`schema`, the store's rows among them. A row of the store is
    given back only where its production has changed, as another row of its day did.
    """
    changed: pa.Table = spark.sql(statement(layout), observations=spark.createDataFrame(observations)).toArrow()
    return changed


def statement(layout: Layout) -> str:
    """The query over ``{observations}``."""
    sources = layout.sources
    published = ", ".join(f"count({name}) over day > 0 as {name}_published" for name in sources)
    whole = " and ".join(f"({name} is not null or not {name}_published)" for name in sources)
    total = " + ".join(f"coalesce({name}, 0)" for name in sources)
    # one exchange: rows that are together by day are together by slot. Of equals the store's comes first: the same
    # message again changes nothing.
    return f"""
        with aged as (
            select *, row_number() over (partition by region, date, _id order by rev desc, {STORED} desc) as age
            from (select /*+ repartition(region, date) */ * from {{observations}})
        ),
        mixed as (
            select *, {published}, count({_LOAD_COLUMN}) over day > 0 as loaded
            from aged
            where age = 1
            window day as (partition by region, date)
        ),
        produced as (
            select *, case when {whole} and loaded and coalesce({", ".join(sources)}) is not null then {total} end
                as {PRODUCTION}
            from mixed
        ),
        changed as (
            select * from produced where not {STORED} or not {PRODUCTION} <=> {STORED_PRODUCTION}
        )
        select {", ".join(f"{expression} as {field}" for field, expression in _fields(layout).items())}
        from changed
    """


_LOAD_COLUMN: Final = "consommation"


def _fields(layout: Layout) -> dict[str, str]:
    """Field → its expression."""
    heads = ("_id", "region", "instant", "date", "heure", "nature", "rev", SAMPLE)
    return {
        **{name: name for name in heads},
        "dataset": f"'{layout.dataset}'",
        "observed_at": "timestamp_micros(rev)",
        "measured": f"{_LOAD_COLUMN} is not null",
        "known": f"coalesce({', '.join(layout.published)}) is not null",
        "mix_known": f"{PRODUCTION} is not null",
        **{field: _exact(name) if name in layout.rates else name for name, field in layout.published.items()},
        **{field: name for name, field in layout.forecasts.items()},
        PRODUCTION: PRODUCTION,
        "balance_residual_mw": f"{PRODUCTION} + coalesce(pompage, 0) + ech_physiques - {_LOAD_COLUMN}",
        "difference_mw": f"{PRODUCTION} - {_LOAD_COLUMN}",
        # one division of whole numbers, so that any engine has the same bits
        **{field: f"100 * {name} / nullif({PRODUCTION}, 0)" for name, field in layout.shares.items()},
    }


def _exact(rate: str) -> str:
    """A published rate as the marts keep it: four digits; null where it has too many before its point."""
    # Spark refuses a number that does not fit, and its whole batch with it: the same again at every start
    return f"cast(try_cast({rate} as decimal(18, 4)) as double)"
