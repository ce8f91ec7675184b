"""Meter files: one series of a meter, as it is held. It takes no grid data, and most homes have no meters."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from watthouse.errors import WatthouseError
from watthouse.serve.dashboard import shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.view import View
from watthouse.serve.problems import told
from watthouse.serve.service import Service

_INSTALL: Final = "pip install 'watthouse[meters]'"
_CHECK: Final = "watthouse meters check meter-files/"
_LOAD: Final = "watthouse meters load meter-files/"


def apart(service: Service, view: View) -> list[Component]:
    """What is held of the meter that the address names; how to begin, where nothing is."""
    if not service.meters.is_begun:
        return [_beginning(view)]
    try:
        return _held(service, view)
    except WatthouseError as error:
        title = view.say(en="The meter files cannot be shown", fr="Les fichiers de compteur ne peuvent être affichés")
        return [shell.notice(title, told(error))]


def _held(service: Service, view: View) -> list[Component]:
    database = service.meters.database
    # these need the extra: nothing of it is imported for those who have no meters
    from watthouse.serve.dashboard.meter_reading import MeterReader
    from watthouse.serve.dashboard.pages.meter import body

    with database.reading() as connection:
        reader = MeterReader(service, connection, view)
        return body(reader, view) if reader.meters else [_beginning(view)]


def _beginning(view: View) -> Component:
    words = view.say(
        en="Put LP, TOU, Enedis or NEM12 files into a folder, look them over, and load them; then reload this page.",
        fr="Mettez des fichiers LP, TOU, Enedis ou NEM12 dans un dossier, vérifiez-les, chargez-les, puis rechargez"
        " cette page.",
    )
    extra = view.say(en="# the extra, once", fr="# l'extra, une fois")
    commands = "\n".join([f"{_INSTALL}   {extra}", _CHECK, _LOAD])
    title = view.say(en="No meter file has been loaded yet", fr="Aucun fichier de compteur n'est encore chargé")
    return html.Section(
        [html.H2(title), html.P(words), html.Pre(html.Code(commands), tabIndex="0")],
        className="card wide notice",
        id="meters-none",
    )


PAGE: Final = Page(
    name="meters",
    en="Meters",
    fr="Compteurs",
    apart=apart,
    intervals=(),
    period=False,
    clock=lambda service: service.settings.meter_tz,
)
