"""One file over the network: streamed, resumed where it broke off, bounded in size, time and attempts."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

import requests

import gunmane
from gunmane.errors import FileError
from gunmane.fetching.soundness import set_aside, sound_or_aside
from gunmane.ledgers.files import MEGABYTE, file_sha256

SCHEMES = ("http", "https")
BLOCK_BYTES = 262_144
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
# Answers after which asking again may help.
PASSING = (408, 425, 429, 500, 502, 503, 504)
WHOLE, PART, BEYOND = 200, 206, 416

Progress = Callable[[float], None]


@dataclasses.dataclass(frozen=True)
class Limits:
    """
    Bounds of one download.

    Parameters
    ----------
    max_bytes
        Largest file.
    tries
        Attempts, the first included.
    wait_s, max_wait_s
        Pause before the second attempt, doubled each time up to the largest; also what a server may ask for.
    connect_s, read_s, deadline_s
        Seconds to connect, between two blocks, and for the whole attempt.
    """

    max_bytes: int = 1024 * MEGABYTE
    tries: int = 4
    wait_s: float = 2.0
    max_wait_s: float = 60.0
    connect_s: float = 15.0
    read_s: float = 60.0
    deadline_s: float = 3600.0


LIMITS = Limits()


class _AgainError(Exception):
    """An attempt that failed in a way that may pass."""

    def __init__(self, fault: FileError, wait_s: float = 0.0) -> None:
        super().__init__(fault.key)
        self.fault, self.wait_s = fault, wait_s


def download(
    url: str,
    target: pathlib.Path,
    *,
    sha256: str = "",
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> str:
    """
    Fetch a file and move it into place when it is whole; return its SHA-256.

    What has arrived stays in `<file>.part` when an attempt breaks off, and the next one, also of a later run, goes
    on from there as long as the server still offers the same file.

    Parameters
    ----------
    url
        http or https.
    target
        Where the file goes; its folder exists.
    sha256
        What the file must have, "" where unknown.
    limits
        Bounds.
    progress
        Called with the part that has arrived (0-1), where the size is known.

    Raises
    ------
    FileError
        If the file cannot be had, is too large, is not what its name says or has another checksum; a whole but
        wrong file is set aside as `<file>.wrong`.
    """
    fault: FileError | None = None
    wait_s = 0.0
    for attempt in range(limits.tries):
        if attempt:
            time.sleep(min(max(limits.wait_s * 2 ** (attempt - 1), wait_s), limits.max_wait_s))
        try:
            part = _receive(url, target, limits, progress)
        except _AgainError as error:
            fault, wait_s = error.fault, error.wait_s
            continue
        except requests.RequestException as error:
            fault = FileError("fetch_unreachable", file=target.name, url=url, reason=_reason(error))
            wait_s = 0.0
            continue
        return _put_in_place(part, target, sha256)
    raise fault or FileError("fetch_unreachable", file=target.name, url=url, reason="-")


def _put_in_place(part: pathlib.Path, target: pathlib.Path, sha256: str) -> str:
    digest = file_sha256(part)
    _state_of(part).unlink(missing_ok=True)
    if sha256 and digest != sha256.lower():
        kept = set_aside(part, target.with_name(f"{target.name}.wrong"))
        raise FileError("fetch_wrong_checksum", file=target.name, kept=kept.name)
    sound_or_aside(part, target.name)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return digest


def _receive(url: str, target: pathlib.Path, limits: Limits, progress: Progress | None) -> pathlib.Path:
    """Bring `<file>.part` to its full length; what it was begun from stands beside it."""
    part = target.with_name(f"{target.name}.part")
    state = _read_state(part, url)
    held = part.stat().st_size if state else 0
    with requests.Session() as session:
        response = _open(session, url, target.name, limits, _range_headers(held, state))
        with response:
            if response.status_code == BEYOND and held and _total(response) == held:
                return part
            if response.status_code == PART and not _goes_on(response, held, state):
                return _begin_again(part, target.name, url)
            if response.status_code == BEYOND:
                return _begin_again(part, target.name, url)
            _check_status(response, target.name, url)
            held = held if response.status_code == PART else 0
            total = _total(response)
            if total is not None and total > limits.max_bytes:
                raise _too_large(part, target.name, limits)
            _write_state(part, url, response, total)
            _write_blocks(response, part, held, total, limits, progress)
    if total is not None and part.stat().st_size != total:
        raise _AgainError(FileError("fetch_cut", file=target.name, url=url))
    return part


def _begin_again(part: pathlib.Path, name: str, url: str) -> pathlib.Path:
    """Forget what has arrived: the server has another file now, or cannot go on."""
    part.unlink(missing_ok=True)
    _state_of(part).unlink(missing_ok=True)
    raise _AgainError(FileError("fetch_cut", file=name, url=url))


def _write_blocks(
    response: requests.Response,
    part: pathlib.Path,
    held: int,
    total: int | None,
    limits: Limits,
    progress: Progress | None,
) -> None:
    end = time.monotonic() + limits.deadline_s
    count = held
    with part.open("ab" if held else "wb") as file:
        for block in response.iter_content(BLOCK_BYTES):
            count += len(block)
            if count > limits.max_bytes:
                raise _too_large(part, part.name.removesuffix(".part"), limits)
            file.write(block)
            if time.monotonic() > end:
                raise _AgainError(FileError("fetch_slow", file=part.name.removesuffix(".part")))
            if progress and total:
                progress(min(count / total, 1.0))


def _too_large(part: pathlib.Path, name: str, limits: Limits) -> FileError:
    part.unlink(missing_ok=True)
    _state_of(part).unlink(missing_ok=True)
    return FileError("fetch_too_large", file=name, limit=limits.max_bytes // MEGABYTE)


# -- asking ---------------------------------------------------------------------------------------------------


def checked_url(url: str, name: str) -> str:
    """
    Return an address that may be asked.

    Raises
    ------
    FileError
        If it is not http or https.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme.lower() not in SCHEMES or not parts.hostname:
        raise FileError("fetch_scheme", file=name, url=url)
    return url


def _open(
    session: requests.Session, url: str, name: str, limits: Limits, headers: dict[str, str]
) -> requests.Response:
    """Ask for a file and follow redirects by hand: only to http(s), and never from https back to http."""
    given = {"User-Agent": f"gunmane/{gunmane.__version__}", "Accept-Encoding": "identity", **headers}
    for _ in range(MAX_REDIRECTS + 1):
        response = session.get(
            checked_url(url, name),
            headers=given,
            stream=True,
            allow_redirects=False,
            timeout=(limits.connect_s, limits.read_s),
        )
        if response.status_code not in REDIRECTS:
            return response
        response.close()
        to = urllib.parse.urljoin(url, response.headers.get("Location", ""))
        if url.lower().startswith("https:") and not to.lower().startswith("https:"):
            raise FileError("fetch_scheme", file=name, url=to)
        url = to
    raise FileError("fetch_redirects", file=name, url=url)


def _check_status(response: requests.Response, name: str, url: str) -> None:
    status = response.status_code
    if status in (WHOLE, PART):
        return
    if status in PASSING:
        fault = FileError("fetch_status", file=name, url=url, status=status)
        raise _AgainError(fault, _seconds(response.headers.get("Retry-After", "")))
    if status in (404, 410):
        raise FileError("fetch_not_found", file=name, url=url, status=status)
    raise FileError("fetch_status", file=name, url=url, status=status)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def _range_headers(held: int, state: dict[str, Any]) -> dict[str, str]:
    if not held:
        return {}
    etag = str(state.get("etag") or "")
    # A weak mark does not promise the same bytes.
    mark = etag if etag and not etag.startswith("W/") else str(state.get("last_modified") or "")
    return {"Range": f"bytes={held}-", **({"If-Range": mark} if mark else {})}


def _goes_on(response: requests.Response, held: int, state: dict[str, Any]) -> bool:
    """Return whether a partial answer begins where we stopped and is of the file that we began with."""
    begins = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    is_same = all(
        not state.get(key) or not response.headers.get(header) or response.headers[header] == state[key]
        for key, header in (("etag", "ETag"), ("last_modified", "Last-Modified"))
    )
    return begins == str(held) and is_same and _total(response) == state.get("total")


def _total(response: requests.Response) -> int | None:
    """Return the size of the whole file, None where the server does not say or packs it on the way."""
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        return None
    stated = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.status_code == WHOLE:
        stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isdecimal() else None


# -- what a part was begun from -------------------------------------------------------------------------------


def _state_of(part: pathlib.Path) -> pathlib.Path:
    return part.with_name(f"{part.name}.json")


def _write_state(part: pathlib.Path, url: str, response: requests.Response, total: int | None) -> None:
    state = {
        "url": url,
        "total": total,
        "etag": response.headers.get("ETag", ""),
        "last_modified": response.headers.get("Last-Modified", ""),
    }
    _state_of(part).write_text(json.dumps(state), encoding="utf-8")


def _read_state(part: pathlib.Path, url: str) -> dict[str, Any]:
    """Return what a part was begun from; empty where it cannot be gone on with."""
    with contextlib.suppress(OSError, ValueError):
        state = json.loads(_state_of(part).read_text(encoding="utf-8"))
        if part.is_file() and isinstance(state, dict) and state.get("url") == url and state.get("total"):
            return state
    return {}


def _reason(error: requests.RequestException) -> str:
    """Return a short word for what failed; the whole text of a connection error names inner objects."""
    return type(error).__name__
