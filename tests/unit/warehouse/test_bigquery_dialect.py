"""The check that stands between a lax emulator and BigQuery refuses what other engines read."""

import pytest

from tests.bigquery_dialect import refusals

FOREIGN = (
    "select extract(dow from day) as one from `days`",
    "select extract(epoch from at_one) as one from `days`",
    "select cast(a as double precision) as one from `days`",
    "select cast(a as varchar) as one from `days`",
    "select cast(a as decimal(18, 2)) as one from `days`",
    "select a::date as one from `days`",
    "select * from generate_series(1, 3)",
    "select a // 2 as one from `days`",
    "select a % 2 as one from `days`",
    "select epoch_us(a) as one from `days`",
    "select make_date(2020, 1, 1) as one",
    "select day + interval '1 day' as one from `days`",
    "select list_min([1]) as one",
    "select 'it''s' as one",
    "select a from `days` union select a from `days`",
    "select distinct on (a) a from `days`",
    "select at from `days`",
    "select sum(a) filter (where a > 1) as one from `days`",
    "select one.a from `days` as one cross join lateral (select 1 as b) as other",
    "select one.a from `days` as one left join `days` as other on one.a > other.a",
    "select a from `days` where a ilike 'x'",
    "select a at time zone 'UTC' as one from `days`",
    "create or replace table `x`.`y` (a varchar not null) as (select 'b' as a)",
    "create or replace table `x`.`y` (a int64, b double precision) as (select 1 as a, 2 as b)",
    "select string_agg(a) within group (order by a) as one from `days`",
    "select (a",
)
NATIVE = (
    "select extract(dayofweek from day) as one from `days`",
    "select cast(a as float64) as one, round(cast(a as numeric), 2) as two, numeric '0.25' as three from `days`",
    "create or replace table `x`.`y` (a numeric(18, 2) not null, b string) partition by date_trunc(a, month)"
    " cluster by b as (select a, b from (select 1 as a, 'x' as b) as z)",
    "select a, row_number() over (partition by a order by b desc) as place from `days` where a in ('x', 'y')",
    "with one as (select 1 as a union all (select 2 as a)) select (select max(b) from unnest([a]) as b) as c from one",
    "select one.a from `days` as one left join `days` as other on one.a = other.a and other.b > 1",
    "select datetime_add(cast(day as datetime), interval 1 day) as one, date(2020, 1, 1) as two from `days`",
    "begin transaction; delete from `x` where true; insert into `x` (`a`) select `a` from `z`; commit transaction",
    "select parse_time('%H:%M', heure) as one, 'it\\'s' as two from `days`",
)


@pytest.mark.parametrize("sql", FOREIGN)
def test_what_only_others_read_is_refused(sql: str) -> None:
    assert [*refusals(sql)]


@pytest.mark.parametrize("sql", NATIVE)
def test_what_bigquery_documents_passes(sql: str) -> None:
    assert [*refusals(sql)] == []
