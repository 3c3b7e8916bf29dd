"""Which reply URLs Entra ID refuses together, or for an audience. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.refusal import BadInput
from steps.step_04_app_registration.desired import PERSONAL
from steps.step_04_app_registration.observed import Settings
from steps.step_04_app_registration.settings import URL_WORDS

MOST, MOST_PERSONAL = 256, 100
"""Reply URLs of an application, and of one for personal accounts. Source: as below."""


def refuse_urls(settings: Settings) -> None:
    """Raise BadInput for reply URLs that Entra ID would refuse.

    Source: "Redirect URI (reply URL) restrictions and limitations" in the Microsoft identity platform documentation.
    """
    kinds: dict[str, str] = {}
    for kind, urls in settings.reply_urls.items():
        for url in urls:
            if url in kinds:
                raise BadInput(
                    f"{url} can't be both a {kinds[url]} and a {URL_WORDS[kind]} of an application.",
                    "Name it once, or remove it from the registration where someone else added it.",
                    why="Entra ID takes a reply URL once, for one kind of client.",
                )
            kinds[url] = URL_WORDS[kind]
    most = MOST_PERSONAL if settings.audience == PERSONAL else MOST
    if len(kinds) > most:
        raise BadInput(f"An application of this audience can't have more than {most} reply URLs.", "Name fewer.")
    if settings.audience != PERSONAL:
        return
    for url in kinds:
        if "*" in url or urlsplit(url).query:
            raise BadInput(
                f"{url} can't be a reply URL of an application for personal accounts.",
                "Name another URL, or another --audience.",
                why="Entra ID allows neither a wildcard nor a query there.",
            )
