"""Tariffs as a user's file declares them."""


def declared(name: str, option: str, since: str, *lines: str) -> str:
    """A made-up tariff that holds from a day on; ``lines`` are its other keys."""
    begin = f'[[tariff]]\nname = "{name}"\noption = "{option}"\nfrom = {since}'
    return "\n".join([begin, 'source = "made up"', 'currency = "XTS"', *lines, ""])
