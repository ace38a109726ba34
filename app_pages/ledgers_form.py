"""The form in which a person says what a file's columns mean, and the profile as a small file."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app_pages import session
from app_pages.ledgers_brought import ON_INVALID, Brought, OnInvalid
from app_pages.ledgers_desk import read_again
from app_pages.ledgers_parts import profile_of
from app_pages.session import tr
from gunmane import i18n, schema
from gunmane.assets.grades import load_grades
from gunmane.errors import GunmaneError
from gunmane.ledgers.headings import UNIT_FACTORS
from gunmane.ledgers.profiles import ROLES, Layout, Position, Profile
from gunmane.municipalities import Region

SET_BY_US = ("source", "is_synthetic", "position")
ENCODINGS = ("", "utf-8", "cp932", "euc_jp", "iso2022_jp", "utf-16")
YEAR_STYLES = ("auto", "western", "era")
UNIT_COLUMNS = ("length_m", "area_m2", "diameter_mm", "annual_cost_jpy")
# Geographic systems, then the plane zones of JGD2011 (6668 + zone) and of JGD2000 (2442 + zone).
DEGREES = ("EPSG:6668", "EPSG:4326", "EPSG:4612", "EPSG:4301")
ZONES = tuple(range(1, 20))
PLACES = ("lon", "lat", "x", "y", "lat_lon", "wkt")
ACROSS = 3


def show_form(file: Brought, place: Region) -> None:
    """Show what the columns mean as drop-downs, and read the file again when told to."""
    profile = file.tried_profile
    with st.form(f"columns_{file.serial}_{file.version}", border=True):
        left, right = st.columns([7, 3], vertical_alignment="bottom")
        left.markdown(f"**{tr('data.mapping')}**")
        # Before the page is built anew, so that the reading and its bar come first.
        right.form_submit_button(
            tr("data.read_with"), type="primary", width="stretch", on_click=_read, args=(file, place)
        )
        _edited(st, file, place)
    _profile_file(file, profile)


class _Sent:
    """Stands in for the page once the form was sent: each field answers with what it holds."""

    def columns(self, spec: int, **_: Any) -> list[_Sent]:
        return [self] * spec

    def markdown(self, *_: Any) -> None:
        """Show nothing."""

    def selectbox(self, _label: str, options: Sequence[Any], *, key: str, index: int = 0, **_: Any) -> Any:
        return st.session_state.get(key, options[index])

    radio = selectbox

    def multiselect(self, _label: str, _options: Sequence[Any], *, key: str, default: Any, **_: Any) -> Any:
        return st.session_state.get(key, default)

    def checkbox(self, _label: str, value: bool, *, key: str) -> Any:
        return st.session_state.get(key, value)

    def number_input(self, _label: str, _low: int, _high: int, value: int, *, key: str) -> Any:
        return st.session_state.get(key, value)


def _read(file: Brought, place: Region) -> None:
    """Have the file read as the form says that was just sent."""
    edited, on_invalid, at_hall = _edited(_Sent(), file, place)
    file.places_at_town_hall = at_hall
    read_again(file, edited, on_invalid=on_invalid)


def _edited(page: Any, file: Brought, place: Region) -> tuple[Profile, OnInvalid, bool]:
    """Return what the form says: asked on the page, or as it was sent where `page` is `_Sent`."""
    profile = file.tried_profile
    columns = file.columns or _known_columns(profile)
    edited = _with_bodies(page, file, _general(page, file, profile), place)
    if columns:
        edited = _mapped(page, file, edited, columns)
        edited = _with_units(page, file, edited)
        edited = _placed(page, file, edited, columns, place)
    edited = _laid_out(page, file, edited)
    on_invalid = page.radio(
        tr("data.on_invalid_label"),
        ON_INVALID,
        index=ON_INVALID.index(file.on_invalid),
        format_func=_words("data.on_invalid", ON_INVALID).__getitem__,
        key=_key(file, "on_invalid"),
    )
    at_hall = profile.role == "conditions" and page.checkbox(
        tr("data.at_town_hall"), file.places_at_town_hall, key=_key(file, "at_hall")
    )
    return edited, on_invalid, bool(at_hall)


def _with_bodies(page: Any, file: Brought, profile: Profile, place: Region) -> Profile:
    """Ask of which town, and of which keeper, all rows are that do not say it themselves."""
    if profile.role not in ("assets", "unknown", "conditions"):
        return profile
    names = {code: place.name_of(code, session.lang()) for code in place.municipalities.index.astype("str")}
    others = sorted({*place.bodies["code"].astype("str"), *(code[:2] for code in names)} - set(names))
    keepers = {code: place.name_of(code, session.lang()) for code in others}
    constants = dict(profile.constants)
    for box, ours, named in zip(
        page.columns(2), ("muni_code", "owner_code"), (names, names | keepers), strict=True
    ):
        current = constants.pop(ours, "")
        said = {"": tr("data.sector_by_column"), current: current or tr("data.sector_by_column")} | named
        options = list(said)
        code = box.selectbox(
            tr(f"data.all_{ours}"),
            options,
            index=options.index(current),
            format_func=said.__getitem__,
            key=_key(file, f"all_{ours}"),
        )
        constants |= {ours: code} if code else {}
    return dataclasses.replace(profile, constants=constants)


def _key(file: Brought, name: str) -> str:
    return f"{name}_{file.serial}_{file.version}"


def _words(family: str, names: Sequence[str]) -> dict[str, str]:
    """Return the words of a family of the catalogue by name."""
    return {name: tr(f"{family}.{name}") for name in names}


def _known_columns(profile: Profile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in profile.columns.values() for name in names))


def _general(page: Any, file: Brought, profile: Profile) -> Profile:
    """Ask what the file is for, which sector its rows are, and how years and grades are written."""
    role_box, sector_box, year_box, grade_box = page.columns(4)
    role = role_box.selectbox(
        tr("data.role_label"),
        ROLES,
        index=ROLES.index(profile.role),
        format_func=_words("data.role", ROLES).__getitem__,
        key=_key(file, "role"),
    )
    constant = profile.constants.get("sector", "")
    sectors = ["", *schema.SECTORS]
    sector = sector_box.selectbox(
        tr("data.sector"),
        sectors,
        index=sectors.index(constant) if constant in sectors else 0,
        format_func=({"": tr("data.sector_by_column")} | _words("sector", schema.SECTORS)).__getitem__,
        key=_key(file, "sector"),
    )
    year_style = year_box.selectbox(
        tr("data.year_label"),
        YEAR_STYLES,
        index=YEAR_STYLES.index(profile.year_style),
        format_func=_words("data.year_style", YEAR_STYLES).__getitem__,
        key=_key(file, "years"),
    )
    scales = ["", *dict.fromkeys(load_grades()["scale"])]
    grade_scale = grade_box.selectbox(
        tr("data.grade_scale"),
        scales,
        index=scales.index(profile.grade_scale) if profile.grade_scale in scales else 0,
        format_func=({"": tr("data.scale.usual")} | _words("data.scale", scales[1:])).__getitem__,
        key=_key(file, "grades"),
    )
    constants = {name: value for name, value in profile.constants.items() if name != "sector"}
    constants |= {"sector": sector} if sector else {}
    return dataclasses.replace(
        profile, role=role, constants=constants, year_style=year_style, grade_scale=grade_scale
    )


def _mapped(page: Any, file: Brought, profile: Profile, columns: Sequence[str]) -> Profile:
    """Ask which of the file's columns each of ours is read from."""
    chosen: dict[str, tuple[str, ...]] = {}
    boxes = page.columns(ACROSS)
    for number, ours in enumerate(our_columns(profile)):
        before = tuple(name for name in profile.columns.get(ours, ()) if name in columns)
        first = before[0] if before else ""
        choice = _column_choice(
            boxes[number % ACROSS], _column_word(ours), columns, first, _key(file, f"column_{ours}")
        )
        if choice:
            # Further columns that fill the gaps stay unless the first one was changed.
            chosen[ours] = before if choice == first else (choice,)
    return dataclasses.replace(profile, columns=chosen)


def our_columns(profile: Profile) -> list[str]:
    """Return the columns of ours that a file of this role may fill."""
    if profile.role in ("assets", "unknown"):
        named = [column.name for column in schema.ASSETS if column.name not in SET_BY_US]
    elif profile.role == "roads":
        named = [column.name for column in schema.ROADS]
    else:
        named = []
    return list(dict.fromkeys([*named, *profile.columns]))


def _column_word(ours: str) -> str:
    return i18n.catalogue(session.lang()).get(f"ledger_column.{ours}", ours)


def _column_choice(box: Any, label: str, columns: Sequence[str], current: str, key: str) -> str:
    options, nothing = ["", *columns], tr("data.no_column")
    return str(
        box.selectbox(
            label,
            options,
            index=options.index(current) if current in options else 0,
            format_func={name: name or nothing for name in options}.__getitem__,
            key=key,
        )
    )


def _with_units(page: Any, file: Brought, profile: Profile) -> Profile:
    """Ask in which unit the file's numbers are."""
    factors = dict(profile.factors)
    for box, ours in zip(page.columns(len(UNIT_COLUMNS)), UNIT_COLUMNS, strict=True):
        current = factors.pop(ours, 1.0)
        names = {current: f"× {current:g}"} | {factor: name for name, factor in UNIT_FACTORS[ours].items()}
        options = sorted(names)
        factor = box.selectbox(
            tr("data.unit_of", column=_column_word(ours)),
            options,
            index=options.index(current),
            format_func=names.__getitem__,
            key=_key(file, f"unit_{ours}"),
        )
        if factor != 1.0:
            factors[ours] = factor
    return dataclasses.replace(profile, factors=factors)


def _placed(page: Any, file: Brought, profile: Profile, columns: Sequence[str], place: Region) -> Profile:
    """Ask where a row's place stands."""
    given = profile.position
    page.markdown(f"**{tr('data.place_label')}**")
    boxes = page.columns(ACROSS)
    parts: dict[str, Any] = {
        name: _column_choice(
            boxes[number % ACROSS],
            tr(f"data.place.{name}"),
            columns,
            getattr(given, name),
            _key(file, f"place_{name}"),
        )
        for number, name in enumerate(PLACES)
    }
    address_box, crs_box, north_box = page.columns(ACROSS, vertical_alignment="bottom")
    address = address_box.multiselect(
        tr("data.place.address"),
        list(columns),
        default=[name for name in given.address if name in columns],
        placeholder=tr("data.no_column"),
        key=_key(file, "place_address"),
    )
    # Minutes and seconds belong to the column of degrees that they were found beside.
    parts |= {f"{of}_parts": () for of in ("lon", "lat") if parts[of] != getattr(given, of)}
    systems = coordinate_systems(place, given.crs)
    crs = crs_box.selectbox(
        tr("data.place.crs"),
        systems,
        index=systems.index(given.crs),
        format_func={name: _crs_word(name) for name in systems}.__getitem__,
        key=_key(file, "place_crs"),
    )
    is_x_north = north_box.checkbox(
        tr("data.place.is_x_north"), given.is_x_north, key=_key(file, "place_north")
    )
    position: Position = dataclasses.replace(
        given, **parts, address=tuple(address), crs=crs, is_x_north=is_x_north
    )
    return dataclasses.replace(profile, position=position)


def coordinate_systems(place: Region, current: str) -> list[str]:
    """Return the systems to choose from, those of the region first; "" takes what the file says."""
    zone = place.epsg - 6668
    own = [f"EPSG:{6668 + zone}", f"EPSG:{2442 + zone}"]
    others = [f"EPSG:{base + number}" for base in (6668, 2442) for number in ZONES]
    return list(dict.fromkeys(["", *DEGREES, *own, current, *others]))


def _crs_word(crs: str) -> str:
    if not crs:
        return tr("data.crs.file")
    code = int(crs.rpartition(":")[2]) if crs.rpartition(":")[2].isdecimal() else 0
    if 6669 <= code <= 6687:
        return tr("data.crs.zone", zone=code - 6668, datum="JGD2011", crs=crs)
    if 2443 <= code <= 2461:
        return tr("data.crs.zone", zone=code - 2442, datum="JGD2000", crs=crs)
    datum = {6668: "JGD2011", 4326: "WGS 84", 4612: "JGD2000", 4301: "Tokyo"}.get(code)
    return tr("data.crs.degrees", datum=datum, crs=crs) if datum else crs


def _laid_out(page: Any, file: Brought, profile: Profile) -> Profile:
    """Ask how the table lies in its file."""
    given = profile.layout
    told = file.told
    page.markdown(f"**{tr('data.layout_label')}**")
    boxes, automatic = page.columns(4), tr("data.auto")
    encodings = list(dict.fromkeys([*ENCODINGS, given.encoding]))
    encoding = boxes[0].selectbox(
        tr("data.layout.encoding"),
        encodings,
        index=encodings.index(given.encoding),
        format_func={name: name or automatic for name in encodings}.__getitem__,
        key=_key(file, "encoding"),
    )
    heading_row = boxes[1].number_input(
        tr("data.layout.heading_row"), 0, 200, given.heading_row, key=_key(file, "heading_row")
    )
    heading_rows = boxes[2].number_input(
        tr("data.layout.heading_rows"), 0, 5, given.heading_rows, key=_key(file, "heading_rows")
    )
    is_layer = bool(told.get("layers"))
    current = given.layer if is_layer else given.sheet
    names = list(dict.fromkeys(["", current, *map(str, told.get("layers") or told.get("sheets") or ())]))
    sheet = boxes[3].selectbox(
        tr(f"data.layout.{'layer' if is_layer else 'sheet'}"),
        names,
        index=names.index(current),
        format_func={name: name or automatic for name in names}.__getitem__,
        key=_key(file, "sheet"),
    )
    layout: Layout = dataclasses.replace(
        given,
        encoding=encoding,
        heading_row=int(heading_row),
        heading_rows=int(heading_rows),
        **{"layer" if is_layer else "sheet": sheet},
    )
    return dataclasses.replace(profile, layout=layout)


# -- the profile as a file ----------------------------------------------------------------------------------


def _profile_file(file: Brought, profile: Profile) -> None:
    """Hand out the profile as a small text file, and take one that was kept."""
    from gunmane.ledgers.profile_files import write_profile

    with st.expander(tr("data.profile")):
        st.html(f'<p class="gm-quiet">{html.escape(tr("data.profile_help"))}</p>')
        st.download_button(
            tr("data.profile_save"),
            write_profile(profile).encode(),
            file_name=f"{file.name}.profile.toml",
            mime="application/toml",
            on_click="ignore",
            key=_key(file, "profile_save"),
        )
        taken = st.file_uploader(tr("data.profile_take"), type=["toml"], key=_key(file, "profile_take"))
        if taken is not None:
            try:
                kept = profile_of(taken.name, taken.getvalue())
            except GunmaneError as error:
                session.show_error(error)
                return
            read_again(file, kept)
            st.rerun()
