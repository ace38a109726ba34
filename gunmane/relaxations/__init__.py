"""Why not: what stands against a plan's rules, and the smallest relaxations after which they hold."""

from gunmane.relaxations.answer import Change, Relaxation, WhyNot, why_not
from gunmane.relaxations.words import change_sentence, cost_rows, fact_sentence, left_sentence

__all__ = [
    "Change",
    "Relaxation",
    "WhyNot",
    "change_sentence",
    "cost_rows",
    "fact_sentence",
    "left_sentence",
    "why_not",
]
