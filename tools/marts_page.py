"""Write docs/marts.md from the models' own documentation: ``python -m tools.marts_page``."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "src" / "watthouse" / "transform" / "models" / "marts"
PAGE = ROOT / "docs" / "marts.md"
ORDER = (
    "daily_merged",
    "daily_mix",
    "hourly_national",
    "national_slots",
    "daily_regional",
    "monthly_national",
    "monthly_regional",
    "yearly_regional",
    "regional_slots",
    "exchanges_daily",
    "forecast_daily",
    "forecast_slots",
    "gas_daily",
    "gas_points_daily",
    "temperature_daily",
    "tempo_days",
    "records_daily",
    "completeness_daily",
)
HEAD = """# The marts

Made from the models' own documentation by `python -m tools.marts_page`. Units stand in brackets. Energies are exact
decimals; shares run from 0 to 1; days are civil days (Europe/Paris), instants UTC.
"""


def page() -> str:
    """The whole page, a section a mart."""
    models = {
        model["name"]: model for path in MODELS.glob("*.yml") for model in yaml.safe_load(path.read_text())["models"]
    }
    return "\n".join([HEAD, *(_section(models[name]) for name in ORDER)])


def _section(model: dict[str, Any]) -> str:
    rows = [f"| `{column['name']}` | {column['data_type']} | {column['description']} |" for column in model["columns"]]
    text = " ".join(model["description"].split())
    return "\n".join([f"## {model['name']}", "", text, "", "| column | type | meaning |", "|---|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page())
