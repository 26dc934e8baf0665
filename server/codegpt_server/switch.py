"""Whether anything is suggested: the settings, and what a person has switched since; pure but for the clock."""

import time
from dataclasses import dataclass, replace

from codegpt_server.settings import Settings

OFF = "codegpt is off"
SNOOZED = "codegpt is snoozed"


@dataclass(frozen=True)
class Switch:
    """What was switched while the server runs.

    Attributes:
        turned: on or off for everything; None for what the settings say.
        languages: the same of single languages, by their ids.
        snoozed_until: on the clock of `time.monotonic`; whoever asks in so many words is answered before that, too.
    """

    turned: bool | None = None
    languages: tuple[tuple[str, bool], ...] = ()
    snoozed_until: float = 0.0

    def why_off(self, settings: Settings, language: str, invoked: bool) -> str:
        """Why nothing is suggested, in a few words; "" where something may be."""
        if not (settings.enabled if self.turned is None else self.turned):
            return OFF
        if not self.is_on(settings, language):
            return f"{OFF} for {language}"
        return SNOOZED if not invoked and time.monotonic() < self.snoozed_until else ""

    def is_on(self, settings: Settings, language: str) -> bool:
        """Whether a language is on, where anything is."""
        return dict(self.languages).get(language, language not in settings.disabled_languages)

    def toggled(self, settings: Settings, language: str = "") -> "Switch":
        """The other way, for everything or for one language; that ends a snooze."""
        if language:
            kept = tuple(each for each in self.languages if each[0] != language)
            return replace(self, languages=(*kept, (language, not self.is_on(settings, language))))
        on = settings.enabled if self.turned is None else self.turned
        return replace(self, turned=not on, snoozed_until=0.0)

    def snoozed(self, minutes: float) -> "Switch":
        """Silent for so long from now; 0 ends it."""
        return replace(self, snoozed_until=time.monotonic() + 60 * minutes if minutes > 0 else 0.0)
