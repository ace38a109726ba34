"""The store that hands layers to browsers: by key only, bounded, expiring, and never more than was put in."""

import json
import re
import threading

import geopandas as gpd
import geopandas.testing
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gunmane import features
from gunmane.features import FeatureStore, UnknownLayerError, View, parse_view


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def street_grid(count=25, *, crs=4326):
    """`count` short streets in a row from west to east, 0.01 degrees apart, each with its number as id."""
    lines = [
        shapely.LineString([(135 + k / 100, 34.5), (135.001 + k / 100, 34.5012345678)]) for k in range(count)
    ]
    table = {"i": [str(k) for k in range(count)], "s": [k % 2 for k in range(count)]}
    return gpd.GeoDataFrame(table, geometry=lines, crs=crs)


def read(store, key, view=None):
    return json.loads(store.read(key, view))["features"]


def test_a_layer_is_read_back_whole_by_its_key():
    store = FeatureStore()
    found = read(store, store.put(street_grid()))
    assert [feature["properties"]["i"] for feature in found] == [str(k) for k in range(25)]


def test_keys_are_128_random_bits_that_differ_for_the_same_layer():
    store = FeatureStore()
    keys = {store.put(street_grid(1)) for _ in range(50)}
    assert len(keys) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", key) for key in keys)


def test_sessions_that_see_the_same_share_its_room_and_each_has_a_key_of_its_own():
    store = FeatureStore()
    first = store.put(street_grid(), content="grid")
    room = store.size_bytes
    second = store.share("grid")
    assert second != first and store.size_bytes == room
    store.drop(first)
    assert len(read(store, second)) == 25


def test_a_layer_that_no_key_opens_any_more_cannot_be_shared():
    store = FeatureStore()
    store.drop(store.put(street_grid(1), content="grid"))
    assert store.share("grid") is None


def test_a_layer_put_in_without_its_content_is_shared_with_nobody():
    store = FeatureStore()
    store.put(street_grid(1))
    assert store.share("") is None


def test_a_view_returns_only_what_touches_it():
    store = FeatureStore()
    found = read(store, store.put(street_grid()), View((135.045, 34.4, 135.075, 34.6), None))
    assert [feature["properties"]["i"] for feature in found] == ["5", "6", "7"]


def test_coordinates_leave_in_degrees_with_six_decimals_at_most():
    store = FeatureStore()
    text = store.read(store.put(street_grid().to_crs(6674))).decode()
    numbers = re.findall(r"\d+\.\d+", text)
    assert max(len(number.partition(".")[2]) for number in numbers) <= 6
    assert all(30 < float(number) < 140 for number in numbers)


def test_lines_are_simplified_for_a_low_zoom_and_kept_for_a_high_one():
    wave = shapely.LineString(np.column_stack([np.linspace(135, 135.2, 400), 34.5 + np.tile([0, 1e-5], 200)]))
    store = FeatureStore()
    key = store.put(gpd.GeoDataFrame({"i": ["w"]}, geometry=[wave], crs=4326))
    corners = [len(read(store, key, View(None, zoom))[0]["geometry"]["coordinates"]) for zoom in (6, 19)]
    assert corners == [2, 400]


def test_lines_too_short_to_point_at_leave_joined_by_group_with_nothing_lost():
    store = FeatureStore()
    key = store.put(street_grid(), merge_by="s")
    far, near = read(store, key, View(None, 8)), read(store, key, View(None, 18))
    assert [(one["properties"], len(one["geometry"]["coordinates"])) for one in far] == [
        ({"s": 0}, 13),
        ({"s": 1}, 12),
    ]
    assert len(near) == 25


def test_rows_below_their_zoom_stay_back():
    store = FeatureStore()
    key = store.put(street_grid(4).assign(min_zoom=[0, 12, 14, None]))
    assert [f["properties"]["i"] for f in read(store, key, View(None, 13))] == ["0", "1", "3"]
    assert "min_zoom" not in read(store, key)[0]["properties"]


def test_repeated_words_are_sent_once():
    store = FeatureStore()
    frame = street_grid(3).assign(a=["市道", None, "市道"])
    sent = json.loads(store.read(store.put(frame, shared=("a",))))
    assert sent["words"] == {"a": ["市道"]}
    assert [feature["properties"].get("a") for feature in sent["features"]] == [0, None, 0]


def test_rows_without_a_place_and_missing_values_are_left_out():
    frame = street_grid(3).assign(t=["", None, "c"], n=[np.nan, np.inf, 2.5])
    frame.loc[0, "geometry"] = None
    found = read(store := FeatureStore(), store.put(frame))
    assert [feature["properties"] for feature in found] == [
        {"i": "1", "s": 1},
        {"i": "2", "s": 0, "t": "c", "n": 2.5},
    ]


@given(text=st.text())
def test_no_text_of_a_ledger_reaches_the_page_as_markup_and_all_of_it_arrives(text):
    store = FeatureStore()
    body = store.read(store.put(street_grid(1).assign(t=[f"<script>{text}</script>&amp;"])))
    assert not set(b"<>&") & set(body)
    assert json.loads(body)["features"][0]["properties"]["t"] == f"<script>{text}</script>&amp;"


def test_the_caller_s_table_is_not_changed():
    frame = street_grid(3).assign(a="x", min_zoom=3)
    before = frame.copy(deep=True)
    store = FeatureStore()
    store.read(store.put(frame, shared=("a",), merge_by="s"), View(None, 5))
    gpd.testing.assert_geodataframe_equal(frame, before)


def test_an_empty_layer_is_an_empty_collection():
    store = FeatureStore()
    assert read(store, store.put(street_grid(3).iloc[:0]), View((0, 0, 1, 1), 3)) == []


def test_a_layer_dies_after_its_time_unless_it_is_used():
    clock = Clock()
    store = FeatureStore(idle_seconds=100, clock=clock)
    used, unused = store.put(street_grid(1)), store.put(street_grid(1))
    clock.now += 90
    assert store.has(used)
    clock.now += 90
    assert (store.has(used), store.has(unused), len(store)) == (True, False, 1)


def test_the_layer_unused_for_longest_makes_room():
    store = FeatureStore(max_layers=2)
    first, second = store.put(street_grid(1)), store.put(street_grid(1))
    store.has(first)
    third = store.put(street_grid(1))
    assert [store.has(key) for key in (first, second, third)] == [True, False, True]


def test_bytes_are_bounded_also_when_reading_makes_them_grow():
    store = FeatureStore(max_bytes=60_000)
    keys = [store.put(street_grid(60)) for _ in range(2)]
    for zoom in (4, 6, 8, 10, 12, 14, 18):
        if store.has(keys[1]):
            store.read(keys[1], View(None, zoom))
    assert len(store) == 1
    assert store.has(keys[1])


def test_a_layer_larger_than_the_store_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        FeatureStore(max_bytes=100).put(street_grid(5))


def test_a_dropped_key_opens_nothing():
    store = FeatureStore()
    key = store.put(street_grid(1))
    store.drop(key)
    store.drop(key)
    with pytest.raises(UnknownLayerError):
        store.read(key)


def test_many_threads_may_put_read_and_drop_at_once():
    store, faults = FeatureStore(max_layers=8), []

    def work():
        try:
            for zoom in range(12):
                key = store.put(street_grid(20))
                try:
                    assert len(read(store, key, View((135, 34, 136, 35), zoom))) == 20
                except UnknownLayerError:
                    continue  # another thread's layer took its place
                store.drop(key)
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"},
        {"bbox": "1,2,3,4,5"},
        {"bbox": "a,b,c,d"},
        {"bbox": ""},
        {"bbox": "nan,2,3,4"},
        {"bbox": "1,2,inf,4"},
        {"bbox": "3,2,1,4"},
        {"bbox": "1,4,3,2"},
        {"bbox": "1,-91,3,4"},
        {"bbox": "-999,0,999,1"},
        {"zoom": "-1"},
        {"zoom": "99"},
        {"zoom": "nan"},
        {"zoom": "x"},
    ],
)
def test_a_view_that_makes_no_sense_is_refused(query):
    with pytest.raises(ValueError):
        parse_view(query)


def test_a_view_is_read_from_the_address():
    assert parse_view({}) == View(None, None)
    assert parse_view({"bbox": "135,34,136,35", "zoom": "11.5"}) == View((135, 34, 136, 35), 11.5)


def test_an_unknown_key_is_answered_without_a_hint_whatever_else_is_asked():
    clock = Clock()
    store = FeatureStore(idle_seconds=10, clock=clock)
    expired = store.put(street_grid(1))
    clock.now += 11
    keys = ("", "x", "../../etc/passwd", "a" * 10_000, expired)
    answers = {features.answer(key, {"bbox": "bad"}, store=store).body for key in keys}
    assert answers == {b'{"error":"not found"}'}
    assert features.answer(expired, {}, store=store).status == 404


def test_a_known_key_with_a_bad_view_is_told_what_a_view_is():
    store = FeatureStore()
    told = features.answer(store.put(street_grid(1)), {"bbox": "1,2"}, store=store)
    assert told.status == 400
    assert b"west,south,east,north" in told.body


def test_an_answer_is_private_and_lets_no_other_site_read_it():
    store = FeatureStore()
    told = features.answer(store.put(street_grid(1)), {}, store=store)
    assert told.status == 200
    assert told.headers["Cache-Control"] == "private, no-store"
    assert told.headers["Content-Type"].startswith("application/json")
    assert not [name for name in told.headers if name.lower().startswith("access-control")]
