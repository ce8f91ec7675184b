"""How a database is named: in the form that libpq takes, and never with a piece of its password."""

import pytest

from watthouse.database import Database
from watthouse.errors import UsageError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://loader:ge/heim@localhost/grid",
        "postgresql://loader:/geheim@localhost/grid",
        "postgresql://loader:12/geheim@localhost/grid",
        "postgresql://loader:p@geheim@localhost:5499/grid",
        "postgresql://loader:p@/geheim@localhost/grid",
        "postgresql://loader:p@a/ge:heim",
        "postgresql://loader:p@a:geheim/b",
        "host=a dbname=postgresql://loader:geheim@a/b",
    ],
)
def test_a_password_that_is_not_escaped_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        str(Database(url))
    said = str(refused.value)
    assert said.endswith("use postgresql://user@host/database, and write / and @ in a password as %2F and %40")
    assert "heim" not in said


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://loader:se%2Fcr%40et@localhost:5499/grid", "postgresql://localhost:5499/grid"),
        ("postgresql:///grid", "postgresql:///grid"),
        ("postgresql://loader@[::1]:5432/grid", "postgresql://[::1]:5432/grid"),
        ("host=fe80::1%eth0 dbname=grid", "postgresql://[fe80::1%eth0]/grid"),
        ("postgresql://db1,db2:5433/grid", "postgresql://db1,db2:5433/grid"),
        ("postgresql://db1:5432,[::1]:5433/grid", "postgresql://db1:5432,[::1]:5433/grid"),
        ("host=db1,db2 port=5433 dbname=grid", "postgresql://db1:5433,db2:5433/grid"),
        ("postgresql:///?service=grid", "the database of service grid"),
    ],
)
def test_a_database_is_named_by_its_hosts_and_its_name(url: str, named: str) -> None:
    assert str(Database(url)) == named
