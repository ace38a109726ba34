"""What a plan depends on (`Scenario`, `Ground`) and what it is (`Plan`)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.contradictions import check_bonds, check_side_windows, plain_kinds
from gunmane.errors import ScenarioError
from gunmane.municipalities import Region

STRENGTHS = (
    "keeps_whole_strength",
    "status_quo_strength",
    "compactness_strength",
    "evenness_strength",
    "similarity_strength",
)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """
    Every choice of a plan in one frozen object; it is also the cache key.

    Parameters
    ----------
    region_id
        Region to plan.
    layer
        Package: "daily" or "structures".
    sectors
        Sectors whose work is planned, sorted as in `schema.SECTORS`.
    bundle_count
        Number of bundles wanted; None takes it from the work and the target.
    floor_jpy, ceiling_jpy
        Work window (JPY/year, tax included); None takes the assumptions. For structures the window counts
        bridges and tunnels unless one of the two is given.
    is_window_hard
        True makes floor and ceiling rules that the plan must keep.
    travel_limit_min
        Minutes one way from base to farthest unit with work; None takes the assumption of the package.
    may_cross_border, joins_owners, joins_fields
        Whether one bundle may hold several municipalities, several bodies, several fields.
    keeps_municipality_whole
        None: as the package asks (structures always, daily unless above the ceiling); True or False: so.
    has_snow_removal
        Whether snow removal is part of daily work.
    must_link, cannot_link
        Pairs of unit ids that share, or must not share, a bundle.
    fixed_bases
        Unit ids that must serve as bases.
    base_policy
        "best" puts a base where travel is least, "town_hall" at the best town hall's unit in the bundle.
    assumption_overrides
        Sorted (key, (low, central, high)) that replace rows of the assumptions.
    seed
        Seed of the one random generator.
    move_budget
        Number of moves the solver may evaluate (not seconds, so that a rerun gives the same plan).
    side_windows
        Further windows on a bundle: (column of `schema.SIDE_COLUMNS`, floor, ceiling, whether they are rules); None
        sets no limit on that side.
    site_limit_min, site_limit_km
        For structures: most minutes by road and most kilometres in a straight line between any two units with work
        in one bundle (works contracts; the rows `travel_limit_min_between_sites` and `bridge_distance_limit_km`
        are what is offered). None sets no limit.
    locked_units
        (unit id, name of a lock): units with one name share a bundle, units with different names do not.
    locked_bundles
        Unit ids of which each set is a bundle by itself.
    base_count
        Most places that serve as bases (of each strand); None sets no limit.
    most_municipalities
        Most municipalities that one bundle may hold a part of; None sets no limit.
    open_borders
        Pairs of municipality codes whose border bundles may cross; None opens all. `may_cross_border=False` closes
        these too.
    keeps_whole_strength, status_quo_strength, compactness_strength, evenness_strength, similarity_strength
        Strengths (>= 0) of the soft terms: municipalities kept whole, today's areas kept, few links cut, even work,
        similar trades; 1 weighs a term as much as all travel of municipalities that each work alone.
    uses_metis
        Whether METIS draws some of the starts of the search.
    """

    region_id: str
    layer: str = "daily"
    sectors: tuple[str, ...] = ("road",)
    bundle_count: int | None = None
    floor_jpy: float | None = None
    ceiling_jpy: float | None = None
    is_window_hard: bool = False
    travel_limit_min: float | None = None
    may_cross_border: bool = True
    joins_owners: bool = True
    joins_fields: bool = True
    keeps_municipality_whole: bool | None = None
    has_snow_removal: bool = False
    must_link: tuple[tuple[str, str], ...] = ()
    cannot_link: tuple[tuple[str, str], ...] = ()
    fixed_bases: tuple[str, ...] = ()
    base_policy: str = "best"
    assumption_overrides: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    seed: int = 0
    move_budget: int = 200_000
    side_windows: tuple[tuple[str, float | None, float | None, bool], ...] = ()
    site_limit_min: float | None = None
    site_limit_km: float | None = None
    locked_units: tuple[tuple[str, str], ...] = ()
    locked_bundles: tuple[tuple[str, ...], ...] = ()
    base_count: int | None = None
    most_municipalities: int | None = None
    open_borders: tuple[tuple[str, str], ...] | None = None
    keeps_whole_strength: float = 0.0
    status_quo_strength: float = 0.0
    compactness_strength: float = 0.0
    evenness_strength: float = 0.0
    similarity_strength: float = 0.0
    uses_metis: bool = False

    def __post_init__(self) -> None:
        """
        Refuse choices that no plan can be made with.

        Raises
        ------
        ScenarioError
            Naming the first choice that is out of range and what is allowed.
        """
        fields = dataclasses.fields(self)
        choices = {field.name: getattr(self, field.name) for field in fields}
        none = [field.name for field in fields if field.default is None]
        for name, value in plain_kinds(choices, may_be_none=none).items():
            object.__setattr__(self, name, value)
        if self.layer not in schema.PACKAGES:
            raise ScenarioError("layer_unknown", layer=self.layer, allowed=", ".join(schema.PACKAGES))
        if not isinstance(self.sectors, Iterable):
            raise ScenarioError("sector_unknown", sector=self.sectors, allowed=", ".join(schema.SECTORS))
        unknown = [str(s) for s in self.sectors if s not in schema.SECTORS]
        if unknown or not self.sectors:
            raise ScenarioError(
                "sector_unknown", sector=", ".join(unknown) or "(none)", allowed=", ".join(schema.SECTORS)
            )
        object.__setattr__(self, "sectors", tuple(s for s in schema.SECTORS if s in self.sectors))
        if self.bundle_count is not None and self.bundle_count < 1:
            raise ScenarioError("bundle_count_range", value=self.bundle_count)
        for name in ("floor_jpy", "ceiling_jpy", "travel_limit_min", "site_limit_min", "site_limit_km"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ScenarioError("must_be_positive", name=name, value=value)
        if self.floor_jpy and self.ceiling_jpy and self.floor_jpy > self.ceiling_jpy:
            raise ScenarioError(
                "window_order", floor=f"{self.floor_jpy:,.0f}", ceiling=f"{self.ceiling_jpy:,.0f}"
            )
        if self.base_policy not in ("best", "town_hall"):
            raise ScenarioError("base_policy_unknown", value=self.base_policy)
        if self.seed < 0 or self.move_budget < 0:
            raise ScenarioError("seed_range", value=min(self.seed, self.move_budget))
        self._check_rules()

    def _check_rules(self) -> None:
        """Refuse rules that no bundles can ever keep."""
        for name in ("base_count", "most_municipalities"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ScenarioError("count_range", name=name, value=value)
        for name in STRENGTHS:
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ScenarioError("strength_range", name=name, value=value)
        has_site_limit = self.site_limit_min is not None or self.site_limit_km is not None
        if has_site_limit and self.layer != "structures":
            raise ScenarioError("site_limit_layer")
        fixed = len(set(self.fixed_bases))
        # Where bodies stay apart each has bases of its own, so that only a strand can tell.
        if self.base_count is not None and self.joins_owners and fixed > self.base_count:
            raise ScenarioError("base_count_fixed", count=self.base_count, fixed=fixed)
        check_side_windows(self.side_windows)
        check_bonds(self.must_link, self.cannot_link, self.locked_units, self.locked_bundles)

    @classmethod
    def default(cls, region: Region, *, layer: str | None = None, **choices: Any) -> Scenario:
        """
        Return what a region opens on: its own layer, sectors and snow removal.

        Parameters
        ----------
        region
            The region.
        layer
            Another package than the region's own; its sectors then are all that the package works on.
        **choices
            Any field of `Scenario` to set otherwise.
        """
        chosen = layer or region.default_layer
        if chosen == region.default_layer:
            sectors = region.default_sectors
        else:
            sectors = ("bridge", "tunnel") if chosen == "structures" else ("road", "park", "sewer", "river")
        settings: dict[str, Any] = {
            "region_id": region.region_id,
            "layer": chosen,
            "sectors": sectors,
            "has_snow_removal": region.has_snow_removal and chosen == "daily",
        }
        return cls(**{**settings, **{k: v for k, v in choices.items() if v is not None}})

    def replace(self, **choices: Any) -> Scenario:
        """Return a copy with other choices; raises `ScenarioError` as the constructor does."""
        return dataclasses.replace(self, **choices)

    def fingerprint(self) -> str:
        """Return a hash of every choice."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Note:
    """Something a reader of a plan must know: a catalogue key under `note.` and its values."""

    key: str
    values: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, key: str, /, **values: Any) -> Note:
        """Return a note with named values."""
        return cls(key, tuple(sorted(values.items())))


@dataclasses.dataclass(frozen=True, eq=False)
class Ground:
    """
    A region made ready for planning: what does not change when a scenario's rules change.

    Parameters
    ----------
    region
        Who and where.
    assets, rejects
        Tables of `schema`; assets in the region's plane zone.
    roads
        Road lines (GeoDataFrame, `schema.ROADS`) that the network was built from.
    network_facts
        What building the network found: `length_m, node_count, edge_count, component_count, dropped_duplicates,
        snapped_gaps, …` (counts and metres), and what the road file does not say.
    units
        GeoDataFrame indexed by `unit_id` (`schema.UNITS`); geometry: Voronoi cell of the town point.
    links
        `schema.LINKS`.
    shares
        `schema.SHARES`: which part of which asset lies in which unit.
    travel_min
        Square float32 array, minutes one way from unit i's node to unit j's, in the order of `units`;
        infinite where no road leads.
    hall_units
        `muni_code` -> `unit_id` in which the town hall lies.
    provenance
        Hashes of inputs, data dates, `is_synthetic`, `roads_source`, `assets_source`, `sources` (who answers for
        each file of the user's).
    notes
        What the reader must know about the data.
    readings
        How cells of the user's files were read (`schema.READINGS`).
    references
        Layers to look at (borders, emergency routes, dense districts, flood depth), by file, in WGS84.
    """

    region: Region
    assets: gpd.GeoDataFrame
    rejects: pd.DataFrame
    roads: gpd.GeoDataFrame
    network_facts: dict[str, float]
    units: gpd.GeoDataFrame
    links: pd.DataFrame
    shares: pd.DataFrame
    travel_min: np.ndarray[Any, np.dtype[np.float32]]
    hall_units: dict[str, str]
    provenance: dict[str, Any]
    notes: tuple[Note, ...] = ()
    readings: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    references: dict[str, gpd.GeoDataFrame] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """
    Bundles for one package of one region.

    Parameters
    ----------
    scenario
        The choices it was made with.
    ground
        The data it was made on.
    assignment
        One row a unit and strand: `strand, unit_id, bundle_id`. A strand is a part planned on its own
        (a field where fields stay apart, a body where bodies stay apart); "" when everything is planned together.
    bundles
        GeoDataFrame indexed by `bundle_id` (`schema.BUNDLES`, and `strand`); geometry: union of its units' cells.
    members
        `schema.MEMBERS`.
    work
        `schema.WORK` of this package and these sectors.
    broken
        Rules that could not be kept: `strand, bundle_id, rule, unit_id, amount, limit, column` (what a further window
        counts, else "").
    alternatives
        The neighbouring numbers of bundles: `bundle_count, travel_hours, farthest_min, below_floor, above_ceiling,
        broken_count, is_chosen`.
    totals
        Sums over all bundles, for tables and files.
    window
        `measure` ("jpy" or "structures"), and `floor, target, ceiling` as (low, central, high) in that measure.
    notes
        What the reader must know.
    studies
        What was asked of the plan beside itself, each in its own form: `alternatives, trade_offs, robustness, evidence,
        prices, why_not, rollout, proof`; what was not asked is not in it.
    by_hand
        What a person did to it: `steps` (how many), `titles` (bundle -> title), `bases` (bundle -> unit),
        `locked_units`, `locked_bundles`; empty where nobody did anything.
    """

    scenario: Scenario
    ground: Ground
    assignment: pd.DataFrame
    bundles: gpd.GeoDataFrame
    members: pd.DataFrame
    work: pd.DataFrame
    broken: pd.DataFrame
    alternatives: pd.DataFrame
    totals: dict[str, float]
    window: dict[str, Any]
    notes: tuple[Note, ...] = ()
    studies: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    by_hand: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def titles(self) -> dict[str, str]:
        """The titles that a person gave to bundles, by `bundle_id`; bundles without one are not in it."""
        return {str(name): str(title) for name, title in self.by_hand.get("titles", {}).items() if title}

    def titled(self, bundle_id: str) -> str:
        """Return the name of a bundle with its title behind it, where it has one."""
        title = self.titles.get(bundle_id, "")
        return f"{bundle_id} {title}" if title else bundle_id

    def __repr__(self) -> str:
        """Say which plan this is in one line: its tables would fill a notebook."""
        scenario, totals = self.scenario, self.totals
        figures = ("order_count", "travel_hours", "broken_count")
        told = ", ".join(f"{name}={totals[name]:.6g}" for name in figures if name in totals)
        return f"Plan({scenario.region_id!r}, {scenario.layer!r}, {told})"
