"""The documentation works below any path that a proxy leads to it."""

import asyncio
import re
from urllib.parse import urljoin

from watthouse.serve import swagger


def test_the_documentation_has_relative_addresses_alone() -> None:
    page, start = (bytes(asyncio.run(one()).body).decode() for one in (swagger.page, swagger.start))
    addresses = re.findall(r'(?:href|src|url)(?:=|: )"([^"]+)"', page + start)
    assert len(addresses) == 5
    there = {urljoin("https://example.org/energy/docs", address) for address in addresses}
    assert all(address.startswith("https://example.org/energy/") for address in there)
    assert "https://example.org/energy/api/v1/openapi.json" in there
