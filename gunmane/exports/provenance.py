"""What every file says of itself: that it is a trial calculation, what is sample, what it was made from."""

from __future__ import annotations

import datetime
import math
import os
from typing import Any

import numpy as np
import pandas as pd

import gunmane
from gunmane.exports.credits import FACTS, LANGS, source_cards
from gunmane.i18n import t
from gunmane.scenario import Plan
from gunmane.summaries import sample_part

__all__ = ["LANGS", "clean", "created_date", "notices", "provenance", "rounded_jpy"]

THOUSAND = 1000


def notices(plan: Plan) -> dict[str, str]:
    """Return the foreign members that every file carries: disclaimers, and the sample notice where it holds."""
    members = {f"disclaimer_{lang}": t("notice.disclaimer", lang) for lang in LANGS}
    part = sample_part(plan.ground)
    if part != "none":
        members |= {f"sample_notice_{lang}": t(f"notice.sample.{part}", lang) for lang in LANGS}
    return members


def provenance(plan: Plan) -> dict[str, Any]:
    """
    Return what a plan was made from and with; nothing in it depends on when or where it was made.

    Keys: `gunmane_version, region_id, scenario, seed, input_sha256, roads_source, assets_source, data_dates,
    sources, source_files, is_synthetic`; `source_files` says of each of the user's files who answers for it.
    """
    given = plan.ground.provenance
    return clean(
        {
            "gunmane_version": gunmane.__version__,
            "region_id": plan.scenario.region_id,
            "scenario": plan.scenario.fingerprint(),
            "seed": plan.scenario.seed,
            "input_sha256": dict(sorted(given.get("input_sha256", {}).items())),
            "roads_source": given.get("roads_source", ""),
            "assets_source": given.get("assets_source", []),
            "data_dates": given.get("data_dates", {}),
            "sources": [
                {"data": data, "source": source, "terms": terms, "credit": credit}
                for data, source, terms, credit in FACTS
            ],
            "source_files": source_cards(given),
            "is_synthetic": sample_part(plan.ground) != "none",
        }
    )


def created_date() -> str:
    """Return today's date, or the one that `SOURCE_DATE_EPOCH` names (reproducible builds)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = (
        datetime.datetime.fromtimestamp(int(epoch), tz=datetime.UTC)
        if epoch.isdigit()
        else datetime.datetime.now(tz=datetime.UTC).astimezone()
    )
    return now.date().isoformat()


def rounded_jpy(value: float) -> float | None:
    """Return yen rounded to the thousand; missing where it is no number."""
    return int(round(value / THOUSAND) * THOUSAND) if math.isfinite(value) else None


def clean(value: Any) -> Any:
    """Return a value that JSON can hold: no NaN or infinity (they become null), no numpy or pandas types."""
    if isinstance(value, dict):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [clean(v) for v in value]
    if isinstance(value, set | frozenset):
        return [clean(v) for v in sorted(value)]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return str(value)
