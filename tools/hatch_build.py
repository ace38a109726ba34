"""Put the facts of the regions into the built wheel; an editable install reads them where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FACTS = ("data/model_regions", "data/national")


class FactsHook(BuildHookInterface):
    """Carry the folders of facts into the wheel: `data/model_regions` as `gunmane/_data/model_regions`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """
        Add the folders to a standard wheel and leave an editable one alone.

        A copy in the environment of a developer would grow old beside the real files.

        Raises
        ------
        FileNotFoundError
            If a folder is missing, so that no wheel without facts can be built.
        """
        if version == "editable":
            return
        for name in FACTS:
            folder = Path(self.root, name)
            if not folder.is_dir():
                msg = f"{folder} is missing; a wheel without the facts of the regions is of no use"
                raise FileNotFoundError(msg)
            build_data["force_include"][str(folder)] = f"gunmane/_data/{folder.name}"
