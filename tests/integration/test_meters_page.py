"""The page "Meter files": its commands are run, in order, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.integration.serving import free_port
from tests.support import ROOT, begun, environment

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "meters.md").read_text()
_CLEAR_UP = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"


def _run(title: str, meters: MeterStore, folder: Path) -> str:
    """What the commands of a section print; they find its ports free."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    script = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    for port in ("8050", "8080"):
        script = script.replace(port, str(free_port()))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _CLEAR_UP + script],
        env={**environment(meters.home, meters.variables), "PATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_of_the_page_work(meters: MeterStore, tmp_path: Path) -> None:
    said = _run("The first five minutes", meters, tmp_path)
    assert "lp, 12 readings in kWh, kvarh" in said
    assert "1 loaded, 0 unchanged, 0 refused" in said
    assert re.search(r"^Export Wh Total +kWh .* 8\.3 *$", said, re.MULTILINE)  # 2.8 + 2.7 + 2.8
    over_http = _run("Over HTTP", meters, tmp_path)
    assert '"meter_code":"210095893"' in over_http
    assert re.search(
        r"^2015-09-01,.*Export Wh Total,.*,Wh,3,false,2700\.0,2800\.0,2766\.66\d+,8300\.0", over_http, re.MULTILINE
    )
    values = [row["value"] for row in json.loads(over_http.splitlines()[-1])["rows"]]
    assert values == pytest.approx([5.5, 2.8])
    begun(meters.home)  # dbt would take most of the time
    against = _run("Against the grid", meters, tmp_path)
    # (2.8 + 2.7) kWh at 30 g, 2.8 kWh at 50 g; three quarters of an hour were read
    assert re.search(r"^2015-08-31T22:00:00Z,2015-09-01T00:00:00\+02:00,8\.3,0\.305,", against, re.MULTILINE)
    assert re.search(r"^2015-09-01,8\.3,5\.5,0\.66\d+,00:00,2,", against, re.MULTILINE)
    assert re.search(r"^2015-09-01,HC,ROUGE,8\.3,45", against, re.MULTILINE), "the night is that of 31 August"
    totals = dict(re.findall(r"^([^,]+),\w+,total,.*?,8\.300000,8\.300000,,([\d.]+),", against, re.MULTILINE))
    assert totals == {"One price": "2.660000", "Two prices": "1.830000", "Three colours": "4.320000"}
    historic = _run("In place of the historic service", meters, tmp_path)
    assert 'Root Loaded \n{"message":"Load data in view complete"}\n' in historic
    assert json.loads(historic.splitlines()[-1])["avg_energy"] == 1.7166666666666668
