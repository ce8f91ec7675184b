"""What the macros of one engine give, as text by name: ``python -m tests.by_value TARGET FOLDER`` prints it as JSON.

Run by the Python of the engine's own environment, so this module imports nothing that only tests have.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from watthouse.transform import PROJECT

_DAY: Final = "cast('{}' as date)".format
_INSTANT: Final = "\"cast('{}' as \" ~ contract_type('timestamp with time zone') ~ \")\"".format
"""An argument of a macro."""
_NONE: Final = "cast(null as integer)"


def _of_group(*names: str) -> str:
    """A subquery: the names in order."""
    rows = " union all ".join(f"select cast({name} as {{{{ contract_type('varchar') }}}}) as name" for name in names)
    return f"(select {{{{ names_in_order('name') }}}} from ({rows}) as names)"


def _days_of(first: str, last: str, what: str) -> str:
    """A subquery: something of the days."""
    spans = f"with spans as (select 1 as one, {_DAY(first)} as first_date, {_DAY(last)} as last_date)"
    return f"({spans}, days as ({{{{ every_day('spans', ['one']) }}}}) select {what} from days)"


EXPRESSIONS: Final[dict[str, str]] = {
    **{f"sunday {day}": f"{{{{ is_sunday({_DAY(day)!r}) }}}}" for day in ("2024-03-30", "2024-03-31", "2024-04-01")},
    **{
        f"quarter hours of {day}": f"{{{{ quarter_hours_of_day({_DAY(day)!r}) }}}}"
        for day in ("2024-03-24", "2024-03-29", "2024-03-31", "2024-10-27")
    },
    "month": f"{{{{ quarter_hours_of_period({_DAY('2024-03-01')!r}, 'month') }}}}",
    "year": f"{{{{ quarter_hours_of_period({_DAY('2024-01-01')!r}, 'year') }}}}",
    "half hour": f"cast({{{{ half_hour({_INSTANT('2024-03-31 01:30:00+00:00')}) }}}} as bigint)",
    "half hour before": f"cast({{{{ half_hour({_INSTANT('2024-03-31 01:29:59.999999+00:00')}) }}}} as bigint)",
    "quarter hour": f"cast({{{{ quarter_hour({_INSTANT('2024-03-31 01:45:00+00:00')}) }}}} as bigint)",
    "microseconds": f"{{{{ microseconds({_INSTANT('2024-03-31 01:30:00.123456+00:00')}) }}}}",
    "next day": f"cast({{{{ dbt.dateadd('day', 1, {_DAY('2024-02-28')!r}) }}}} as date)",
    "day before": f"cast({{{{ dbt.dateadd('day', -1, {_DAY('2024-03-01')!r}) }}}} as date)",
    "day after none": "cast({{ dbt.dateadd('day', 1, 'cast(null as date)') }} as date)",
    "next month": f"cast({{{{ dbt.dateadd('month', 1, {_DAY('2024-01-01')!r}) }}}} as date)",
    "next year": f"cast({{{{ dbt.dateadd('year', 1, {_DAY('2024-01-01')!r}) }}}} as date)",
    "days between": f"{{{{ dbt.datediff({_DAY('2024-01-01')!r}, {_DAY('2025-01-01')!r}, 'day') }}}}",
    "first of year": "{{ first_of_year('2024') }}",
    "clock time": "{{ clock_time(\"'02:30'\") }}",
    "least": f"{{{{ least_known([{_NONE!r}, '2', '1']) }}}}",
    "least of none": f"{{{{ least_known([{_NONE!r}, {_NONE!r}]) }}}}",
    "greatest": f"{{{{ greatest_known([{_NONE!r}, '2', '1']) }}}}",
    "greatest of none": f"{{{{ greatest_known([{_NONE!r}, {_NONE!r}]) }}}}",
    "names": _of_group("'b'", "null", "'a'"),
    "no names": _of_group("null", "null"),
    "half up": "{{ float_as_decimal(as_float('0.125'), 2) }}",
    "half down": "{{ float_as_decimal(as_float('-0.125'), 2) }}",
    "mean": "{{ mean_as_decimal(as_decimal('1.0001', 18, 4), '2', 4) }}",
    "mean below": "{{ mean_as_decimal(as_decimal('-1.0001', 18, 4), '2', 4) }}",
    "days": _days_of("2024-02-28", "2024-03-01", "count(*)"),
    "last of days": _days_of("2024-02-28", "2024-03-01", "max(civil_date)"),
    "one day": _days_of("2024-02-28", "2024-02-28", "count(*)"),
    **{
        f"none as {kind}": f"cast(null as {{{{ contract_type('{kind}') }}}}) is null"
        for kind in ("varchar", "double precision", "time", "timestamp with time zone", "decimal(18,2)", "boolean")
    },
}
"""Each by the thing that engines do differently."""


def query() -> str:
    """One statement for all of them."""
    as_text = "select '{}' as name, cast({} as {{{{ contract_type('varchar') }}}}) as value".format
    return "\nunion all\n".join(as_text(name, expression) for name, expression in EXPRESSIONS.items())


def values(folder: Path) -> dict[str, str | None]:
    """What the engine of this environment's profile gives."""
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    asked = dbtRunner().invoke(["show", "--inline", query(), "--limit", "-1", "--quiet", *places])
    if not asked.success:
        raise RuntimeError(str(asked.exception or asked.result))
    shown: Any = asked.result
    return {str(row["name"]): row["value"] for row in shown.results[0].agate_table.rows}


@contextmanager
def _engine(folder: Path) -> Iterator[None]:
    if os.environ["WATTHOUSE_DBT_TARGET"] != "spark":
        yield
        return
    from watthouse.warehouse.spark.session import session

    with session(folder):
        yield


if __name__ == "__main__":
    own = Path(sys.argv[1])
    with _engine(own):
        print(json.dumps(values(own)))
