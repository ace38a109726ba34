"""What each study says of itself, as sentences."""

from __future__ import annotations

from typing import Any

from gunmane.explain import note_sentence
from gunmane.relaxations import WhyNot, fact_sentence
from gunmane.scenario import Plan


def study_facts(plan: Plan, key: str, lang: str) -> list[str]:
    """
    Return what a study of a plan tells beside its tables; nothing where the plan does not have it.

    Parameters
    ----------
    plan
        The plan.
    key
        Key of the study in `Plan.studies`.
    lang
        "ja" or "en".
    """
    found: Any = plan.studies.get(key)
    if isinstance(found, WhyNot):
        return [fact_sentence(note, lang) for note in found.facts]
    return [note_sentence(note, lang) for note in getattr(found, "facts", ())]
