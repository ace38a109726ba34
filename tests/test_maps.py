"""The map: nothing from outside, nothing of a ledger as markup, colour never alone."""

import json
import re
import shutil
import socket
import threading
import time

import folium
import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gunmane import maps
from gunmane.features import FeatureStore, answer
from gunmane.i18n import t
from gunmane.maps import scripts

HOSTILE = (
    '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>`${window.hacked=1}`\'"&'
)


@pytest.fixture
def borders():
    """Two towns side by side in two prefectures; the second bears a name that wants to be a script."""
    table = {
        "muni_code": ["27202", "30404"],
        "name_ja": ["岸和田市", HOSTILE],
        "name_en": ["Kishiwada", HOSTILE],
    }
    boxes = [shapely.box(135.0, 34.4, 135.1, 34.5), shapely.box(135.1, 34.4, 135.2, 34.5)]
    return gpd.GeoDataFrame(table, geometry=boxes, crs=4326)


@pytest.fixture
def units():
    """Eight cells in two rows of four; a column is a bundle, the last cell is in none."""
    cells = [
        shapely.box(135 + x / 20, 34.4 + y / 20, 135.05 + x / 20, 34.45 + y / 20)
        for y in (0, 1)
        for x in range(4)
    ]
    bundle = ["b1", "b2", "b3", "b4"] * 2
    bundle[-1] = None
    table = {"muni_code": "27202", "name": [HOSTILE, *"abcdefg"], "bundle_id": bundle}
    return gpd.GeoDataFrame(table, geometry=cells, crs=4326, index=[f"u{k}" for k in range(8)])


@pytest.fixture
def bundles(units):
    joined = units.dissolve("bundle_id")[["geometry"]]
    spots = joined.geometry.representative_point()
    return joined.assign(label=["1", "2", "3", HOSTILE], base_x=spots.x, base_y=spots.y)


@pytest.fixture
def assets():
    """A national road, a road of unknown class, four bridges I to IV, one without a grade, an urgent sewer."""
    line = shapely.LineString([(135.01, 34.41), (135.05, 34.45)])
    rows = [
        ("r1", "road", "national", None, HOSTILE, line),
        ("r2", "road", "what?", None, "b", line),
        *[(f"b{g}", "bridge", "", g, f"橋{g}", line) for g in (1, 2, 3, 4)],
        ("b0", "bridge", "", None, None, shapely.Point(135.02, 34.42)),
        ("s1", "sewer", "汚水", 4, "", line),
    ]
    table = pd.DataFrame(rows, columns=["asset_id", "sector", "subtype", "condition", "name", "geometry"])
    table["condition"] = table["condition"].astype("Int8")
    return gpd.GeoDataFrame(table.assign(is_synthetic=True), crs=4326)


def rendered(base, layers, **options):
    """The whole page of a map as folium writes it, each layer under an address of its own."""
    pairs = [
        (layer, f"../../gunmane-features/k{k}") for k, layer in enumerate([*base.below, *layers, *base.above])
    ]
    stack = maps.FeatureLayers(pairs, lang="ja", **options)
    stack.add_to(base)
    return base.get_root().render(), stack


def test_a_map_loads_nothing_from_outside(borders, bundles, units, assets):
    base = maps.base_map(borders, lang="ja", sources=["境界: 気象庁"])
    layers = maps.bundle_layers(bundles, units, lang="ja") + maps.asset_layers(assets, lang="ja")
    page, _ = rendered(base, layers)
    assert not re.findall(r"https?://|//cdn|@import", page)
    assert "../../gunmane-static/map.js?v=" in page


def test_our_own_scripts_and_styles_name_no_other_machine():
    for name in [*scripts.OWN_SCRIPTS, "map.css"]:
        assert not re.findall(rb"https?://|//cdn|@import", scripts.read_script(name).body), name


def test_every_script_that_a_map_names_is_there_and_no_other_file_is_given_away():
    assert all(scripts.read_script(name).body for name in [*scripts.SCRIPTS, *scripts.STYLES])
    assert scripts.read_script("images/marker-icon.png").media_type == "image/png"
    for name in ("", "../maps/base.py", "/etc/passwd", "images/../leaflet.js", "map.css/"):
        assert scripts.read_script(name) is None


def test_folium_s_own_defaults_stay_as_they_were(borders):
    before = list(folium.Map.default_js)
    maps.base_map(borders, lang="ja", asset_url="elsewhere")
    assert folium.Map.default_js == before
    assert "cdn" in before[0][1]


def test_the_ground_s_script_is_the_same_whatever_lies_on_it_and_in_which_language(borders):
    pages = []
    for lang in ("ja", "en"):
        base = maps.base_map(borders, lang=lang, view_name="senshu")
        page = base.get_root().render()
        pages.append(page.replace(base.get_name(), "map"))
    assert pages[0] == pages[1]


def test_hostile_names_do_not_reach_the_page_as_markup(borders, bundles, units, assets):
    base = maps.base_map(borders, lang="ja", sources=[HOSTILE])
    layers = maps.bundle_layers(bundles, units, lang="ja") + maps.asset_layers(assets, lang="ja")
    page, stack = rendered(base, layers)
    assert "<img" not in page
    assert page.count("</script>") == page.count("<script")
    assert not set("<>&'`$") & set(stack.state)


@given(text=st.text())
def test_script_json_says_the_same_in_signs_that_cannot_break_out(text):
    written = maps.script_json({"name": text})
    assert json.loads(written) == {"name": text}
    assert written.isascii()
    assert not set("<>&'`$") & set(written)


def test_only_named_columns_of_a_table_leave(units, bundles):
    layer = maps.bundle_layers(bundles, units.assign(phone="0724-00-0000"), lang="ja")[0]
    assert set(layer.features().columns) == {"i", "s", "h", "geometry"}


def test_up_to_eight_bundles_have_a_colour_each():
    cells = [shapely.box(k, 0, k + 1, 1) for k in range(8)]
    shades = maps.bundle_colours(gpd.GeoDataFrame(geometry=cells, index=list("hgfedcba")))
    assert list(shades.index) == list("hgfedcba")
    assert shades["colour"].nunique() == 8
    assert set(shades["pattern"]) == {"plain"}


def test_beyond_eight_bundles_no_two_look_alike_and_no_neighbours_share_a_colour():
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(6) for y in range(8)]
    shades = maps.bundle_colours(gpd.GeoDataFrame(geometry=cells, index=[f"{k:02d}" for k in range(48)]))
    assert not shades.duplicated().any()
    for left, right in ((k, k + 8) for k in range(40)):
        assert shades["colour"].iloc[left] != shades["colour"].iloc[right]


def test_colours_do_not_depend_on_the_order_of_the_rows(bundles):
    straight, turned = maps.bundle_colours(bundles), maps.bundle_colours(bundles[::-1])
    pd.testing.assert_frame_equal(straight, turned.reindex(straight.index))


def test_units_are_drawn_in_the_style_of_their_bundle_and_those_in_none_apart(bundles, units):
    areas, outlines, bases = maps.bundle_layers(bundles, units, lang="ja")
    assert list(areas.frame["style"]) == [0, 1, 2, 3, 0, 1, 2, 4]
    assert [row.text for row in areas.legend][-1] == "束に入らない区画"
    assert list(outlines.frame["label"]) == ["1", "2", "3", HOSTILE]
    assert (areas.kind, outlines.kind, bases.kind) == ("unit", "bundle", "bundle")
    assert list(bases.frame["id"]) == list(bundles.index)


def test_a_unit_in_a_bundle_without_a_row_is_a_fault_of_the_caller(bundles, units):
    with pytest.raises(ValueError, match="b4"):
        maps.bundle_layers(bundles.drop("b4"), units, lang="ja")


def test_bundles_without_a_known_base_have_no_layer_of_bases(bundles, units):
    layers = maps.bundle_layers(bundles.assign(base_x=None), units, lang="ja")
    assert [layer.name for layer in layers] == ["bundles.units", "bundles.outlines"]


def test_a_label_stands_inside_the_largest_part_of_its_area():
    ring = shapely.Point(0, 0).buffer(3).difference(shapely.Point(0, 0).buffer(2))
    areas = gpd.GeoSeries([ring.union(shapely.box(10, 10, 11, 11)), None])
    spots = maps.label_points(areas)
    assert ring.contains(spots[0])
    assert spots[1] is None


def test_bridges_differ_by_shape_and_colour_and_a_missing_grade_is_said(assets):
    bridges = next(layer for layer in maps.asset_layers(assets, lang="ja") if layer.name == "assets.bridge")
    looks = {(row.style.fill, row.style.symbol) for row in bridges.legend}
    assert [row.text for row in bridges.legend] == [
        "Ⅰ 健全", "Ⅱ 予防保全段階", "Ⅲ 早期措置段階", "Ⅳ 緊急措置段階", "判定の記録なし",
    ]  # fmt: skip
    assert len(looks) == 5
    assert set(bridges.frame.geom_type) == {"Point"}


def test_a_road_of_unknown_class_is_drawn_as_such_and_not_dropped(assets):
    roads = next(layer for layer in maps.asset_layers(assets, lang="en") if layer.name == "assets.road")
    assert [row.text for row in roads.legend] == ["national road", "class unknown"]
    assert list(roads.frame["id"]) == ["r1", "r2"]


def test_sample_rows_raise_the_band_and_real_ones_do_not(borders, assets):
    for is_synthetic in (True, False):
        layers = maps.asset_layers(assets.assign(is_synthetic=is_synthetic), lang="ja")
        _, stack = rendered(maps.base_map(borders, lang="ja"), layers)
        band = json.loads(stack.state)["band"]
        assert band == ("道路・施設は模擬です。実在の位置ではありません" if is_synthetic else "")


def bridge_layer(assets):
    return next(layer for layer in maps.asset_layers(assets, lang="ja") if layer.name == "assets.bridge")


def drawn_styles(layer):
    return {row.id: layer.styles[row.style] for row in layer.frame.itertuples()}


def test_sample_assets_beside_real_ones_are_pale_and_named_in_the_legend(assets):
    mixed = assets.assign(is_synthetic=assets["asset_id"] != "b4")
    layer = bridge_layer(mixed)
    assert layer.legend[-1].text == t("sample_mark.pale", "ja")
    styles, plain = drawn_styles(layer), drawn_styles(bridge_layer(assets))
    assert styles["b4"] == plain["b4"]
    assert all(styles[name].fill != plain[name].fill for name in ("b1", "b2", "b3"))
    # What is real is drawn on top.
    assert layer.frame.set_index("id")["style"].idxmax() == "b4"


def test_a_sector_of_samples_alone_is_called_so_where_another_is_real(assets):
    mixed = assets.assign(is_synthetic=assets["sector"] != "bridge")
    titles = {layer.name: layer.title for layer in maps.asset_layers(mixed, lang="ja")}
    assert titles["assets.sewer"] == t("sample_mark.all", "ja", sector=t("map.sector.sewer", "ja"))
    assert titles["assets.bridge"] == t("map.sector.bridge", "ja")


def test_a_plan_on_the_map_carries_its_disclaimer(borders, bundles, units):
    _, stack = rendered(maps.base_map(borders, lang="ja"), maps.bundle_layers(bundles, units, lang="ja"))
    assert "関係団体の合意を示すものではありません" in json.loads(stack.state)["note"]


def test_a_fingerprint_changes_with_the_content_and_only_with_it(assets):
    first, same = (maps.asset_layers(assets, lang="ja")[1] for _ in range(2))
    moved = maps.asset_layers(assets.assign(geometry=assets.translate(0.001)), lang="ja")[1]
    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != moved.fingerprint


def test_the_band_names_the_part_that_is_sample(borders, assets):
    layers = maps.asset_layers(assets.assign(is_synthetic=True), lang="ja")
    pairs = [(layer, "address") for layer in layers]
    for part in ("both", "mixed", "roads", "assets"):
        state = json.loads(maps.FeatureLayers(pairs, lang="ja", sample_part=part).state)
        assert state["band"] == t(f"notice.sample.{part}", "ja")


def test_many_bases_are_drawn_smaller_than_few(bundles, units):
    def radius(count):
        many = pd.concat([bundles.iloc[:1]] * count).assign(base_x=0.0, base_y=0.0)
        many.index = [f"B{n}" for n in range(count)]
        layers = maps.bundle_layers(many, units.assign(bundle_id=None), lang="ja")
        return layers[-1].styles[0].radius

    sizes = [radius(count) for count in (3, 20, 50, 90)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4


def test_regions_of_an_unknown_kind_are_refused():
    regions = gpd.GeoDataFrame({"name": ["a"], "kind": ["?"]}, geometry=[shapely.Point(135, 34)], crs=4326)
    with pytest.raises(ValueError, match="kind must be one of"):
        maps.overview_layers(regions, lang="ja")


def test_large_layers_load_by_view_and_small_ones_whole(assets):
    roads = maps.asset_layers(assets, lang="ja")[1]
    many = pd.concat([roads.frame] * 12_000, ignore_index=True)
    assert not roads.loads_by_view
    assert maps.LayerSpec("x", "x", "asset", gpd.GeoDataFrame(many, crs=4326), roads.styles).loads_by_view


# --- in a browser -----------------------------------------------------------------------------------


@pytest.fixture
def served(borders, bundles, units, assets):
    """A page with a map, served on loopback through the app's own two addresses."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route

    store = FeatureStore()
    base = maps.base_map(borders, lang="ja", asset_url="static", sources=[HOSTILE])
    layers = maps.asset_layers(assets, lang="ja") + maps.bundle_layers(bundles, units, lang="ja")
    pairs = []
    for layer in [*base.below, *layers, *base.above]:
        frame = layer.features()
        shared = [column for column in maps.SHARED_COLUMNS if column in frame]
        pairs.append((layer, "features/" + store.put(frame, shared=shared, merge_by="s")))
    maps.FeatureLayers(pairs, lang="ja", sources=base.sources).add_to(base)
    page = base.get_root().render()

    def send_features(request):
        told = answer(request.path_params["key"], request.query_params, store=store)
        return Response(told.body, told.status, told.headers)

    def send_script(request):
        script = scripts.read_script(request.path_params["name"])
        return Response(script.body, media_type=script.media_type)

    routes = [
        Route("/", lambda _: HTMLResponse(page)),
        Route("/features/{key}", send_features),
        Route("/static/{name:path}", send_script),
    ]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", base.get_name()
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture
def page():
    """A page of Chromium that may reach loopback only; `outward` lists what it tried beyond."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.outward, page.faults = [], []

        def guard(route):
            if route.request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
                return route.continue_()
            page.outward.append(route.request.url)
            return route.abort()

        page.route("**/*", guard)
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))
        yield page
        browser.close()


def opened(page, served):
    address, name = served
    page.goto(address)
    page.wait_for_function("document.querySelector('.leaflet-container')?.dataset.busy === 'no'")
    page.wait_for_timeout(300)
    return name


@pytest.mark.browser
def test_the_map_draws_in_a_browser_without_a_single_request_outward(page, served):
    name = opened(page, served)
    counts = page.evaluate(f"{name}.gunmane.stage.sources.map(source => source.places.length)")
    ink = page.evaluate(
        f"""(() => {{
            const canvas = {name}.gunmane.stage.canvas;
            const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const some = Array.from({{ length: dots.length / 400 }}, (_, k) => dots.slice(k * 400, k * 400 + 4).join());
            return new Set(some).size;
        }})()"""
    )
    assert min(counts) > 0
    assert ink > 5
    assert (page.outward, page.faults) == ([], [])


@pytest.mark.browser
def test_hostile_names_are_shown_as_text_and_never_run(page, served):
    name = opened(page, served)
    page.evaluate(f"void {name}.setView([34.425, 135.03], 15, {{animate: false}})")
    page.wait_for_timeout(300)
    page.mouse.move(450, 300)
    page.wait_for_timeout(300)
    assert page.inner_text(".gm-tip").startswith(HOSTILE[:40])
    assert HOSTILE[:20] in page.inner_text(".gm-foot")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".leaflet-container img").count() == 0


@pytest.mark.browser
def test_a_click_tells_which_unit_and_the_keyboard_can_do_the_same(page, served):
    name = opened(page, served)
    page.evaluate(f"void {name}.setView([34.48, 135.07], 15, {{animate: false}})")
    page.wait_for_timeout(300)
    told = f"decodeURIComponent({name}.gunmane.stage.stack._tooltip._content)"
    page.mouse.click(450, 300)
    clicked = json.loads(page.evaluate(told))
    page.keyboard.press("Enter")
    typed = json.loads(page.evaluate(told))
    assert (clicked["k"], clicked["i"], clicked["l"]) == ("unit", "u5", "bundles.units")
    assert (typed["i"], typed["n"] > clicked["n"]) == ("u5", True)


@pytest.mark.browser
def test_what_lies_in_the_hole_of_an_area_or_beside_a_line_is_not_on_it(page, served):
    opened(page, served)
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(4, 4, 6, 6))
    line = shapely.LineString([(0, 0), (10, 10)])
    shapes = [json.loads(shapely.to_geojson(shape)) for shape in (ring, line)]
    asked = """([shapes, spots]) => {
        const features = shapes.map((geometry) => ({ properties: { i: "x" }, geometry }));
        const places = gunmane.placesOf({ features, words: {} });
        const at = ([lng, lat]) => [gunmane.worldX(lng), gunmane.worldY(lat)];
        return places.map((place) => spots.map((spot) => gunmane.isUnder(place, ...at(spot), 0.01)));
    }"""
    spots = [[5, 5], [2, 2], [2, 7], [11, 11]]
    assert page.evaluate(asked, [shapes, spots]) == [[False, True, True, False], [True, True, False, False]]


@pytest.mark.browser
def test_a_switch_in_the_legend_hides_its_layer(page, served):
    name = opened(page, served)
    page.focus('[data-layer="bundles.units"]')
    page.keyboard.press("Space")
    drawn = page.evaluate(f"{name}.gunmane.stage.drawn().map(source => source.spec.name)")
    assert "bundles.units" not in drawn
    assert "bundles.outlines" in drawn


# -- layers to look at --------------------------------------------------------------------------------------


def reference_table(layer, ranks, *, shape=None, **columns):
    places = [shape or shapely.box(135 + n / 10, 34, 135.05 + n / 10, 34.05) for n in range(len(ranks))]
    rows = {"layer": layer, "code": "", "name": "", "rank": ranks, "label": "", "label_key": "", **columns}
    return gpd.GeoDataFrame(rows, geometry=places, crs=4326)


def test_classes_of_a_reference_stand_in_the_legend_in_words_and_in_their_order():
    keys = [f"reference.rank.depth.{rank}" for rank in ("3", "1", "2")]
    table = reference_table("flood", ["3", "1", "2"], label_key=keys, scenario="maximum")
    (layer,) = maps.reference_layers({"A31.zip": table}, lang="ja")
    assert [row.text for row in layer.legend] == [t(f"reference.rank.depth.{n}", "ja") for n in "123"]
    assert [layer.styles[s].fill for s in layer.frame["style"]] == [layer.styles[i].fill for i in (2, 0, 1)]
    assert "A31.zip" in layer.title and not layer.is_synthetic
    assert all(row.style.opacity < 0.6 for row in layer.legend)


def test_areas_lie_below_lines_and_scenarios_of_floods_are_apart():
    line = shapely.LineString([(135, 34), (135.1, 34)])
    layers = maps.reference_layers(
        {
            "routes": reference_table("emergency_route", ["1", "9"], shape=line),
            "floods": reference_table("flood", ["1", "1"], scenario=["maximum", "planned"]),
        },
        lang="en",
    )
    assert [layer.name.split(".")[1] for layer in layers] == ["flood", "flood", "emergency_route"]
    assert len({layer.name for layer in layers}) == 3


def test_a_reference_of_many_classes_keeps_its_legend_short_and_a_large_one_goes_by_view():
    table = reference_table("other", [str(n) for n in range(30)], label=[f"class {n}" for n in range(30)])
    (layer,) = maps.reference_layers({"x.gpkg": table}, lang="en")
    assert len(layer.legend) == 8 and layer.legend[-1].text == "…"
    assert layer.frame["style"].max() == 7 and not layer.loads_by_view
    wide = shapely.segmentize(shapely.box(135, 34, 135.1, 34.1), 0.000_004)
    fine = reference_table("did", ["", ""], shape=wide)
    (layer,) = maps.reference_layers({"did": fine}, lang="en")
    assert layer.loads_by_view


def test_words_of_a_reference_file_cannot_leave_the_map_s_script():
    table = reference_table("other", ["1"], label="</script><b>", name="<img src=x>")
    (layer,) = maps.reference_layers({"</script>.gpkg": table}, lang="en")
    state = maps.FeatureLayers([(layer, "x")], lang="en", sources=["</script>"]).state
    assert "<" not in state


def test_rows_of_a_reference_without_a_shape_are_left_out():
    table = reference_table("did", ["", ""])
    table.loc[0, "geometry"] = None
    (layer,) = maps.reference_layers({"did": table}, lang="ja")
    assert len(layer.frame) == 1
    assert maps.reference_layers({"none": table.iloc[:0]}, lang="ja") == []
