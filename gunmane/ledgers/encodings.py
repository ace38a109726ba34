"""Which encoding a Japanese text file is written in: told from its bytes, never from its name."""

from __future__ import annotations

import codecs
import dataclasses
import io
import pathlib
import re
import unicodedata

from gunmane.errors import FileError

BLOCK_BYTES = 1 << 20
# So much text decides between two encodings that both decode it.
TASTE_CHARACTERS = 200_000
# Half-width katakana as people write them: a voiced mark follows only what can be voiced.
KANA = re.compile(r"(?:[ｳｶ-ﾄﾊ-ﾎ]ﾞ|[ﾊ-ﾎ]ﾟ|[ｦ-ﾝ])+")
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# ISO-2022-JP is the only one of them that switches character sets by escape sequences.
JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\(J)")
# NUL and its kin stand in no text; a form feed, a Ctrl-Z at the end and what databases put between values do.
CONTROL = re.compile(r"[\x00-\x06\x0e-\x19\x1c\x1e\x1f]")


@dataclasses.dataclass(frozen=True)
class _Reading:
    """How far an encoding decodes a file: `line` is the first that it cannot, 0 where it reaches the end."""

    encoding: str
    line: int
    oddness: float = 0.0


def find_encoding(path: pathlib.Path, file: str, *, wanted: str = "") -> str:
    """
    Return the name of the encoding in which the whole file is text.

    A mark at the start (UTF-8, UTF-16) or escape sequences (ISO-2022-JP) decide; then what decodes without a
    fault, UTF-8 first. Of CP932 and EUC-JP, which often both decode, the one counts whose text has fewer
    half-width katakana and rare signs: EUC-JP read as CP932 is mostly half-width katakana.

    Parameters
    ----------
    path
        File to look at.
    file
        Its name as the user knows it.
    wanted
        Encoding that the user named; only checked.

    Raises
    ------
    FileError
        If no encoding decodes the file, or it holds NUL or control bytes, as files have that are no text.
    """
    with path.open("rb") as stream:
        start = stream.read(BLOCK_BYTES)
    if wanted:
        try:
            names: tuple[str, ...] = (codecs.lookup(wanted).name,)
        except LookupError as error:
            raise FileError("ledger_encoding_unknown", file=file, encoding=wanted) from error
    elif start.startswith(UTF16_MARKS):
        names = ("utf-16",)
    elif JIS_ESCAPE.search(start):
        names = ("iso2022_jp", "iso2022_jp_ext", "utf-8-sig", "cp932")
    else:
        names = ("utf-8-sig", "cp932", "euc_jp", "euc_jis_2004")
    chosen = _first_sound(path, names)
    if chosen.line:
        raise FileError("ledger_encoding", file=file, row=chosen.line)
    return chosen.encoding


def _first_sound(path: pathlib.Path, names: tuple[str, ...]) -> _Reading:
    """Return the likeliest reading without a fault, or the one that came furthest."""
    readings: list[_Reading] = []
    for name in names:
        reading = _read_through(path, name)
        if not reading.line and not name.startswith(("cp932", "euc")):
            return reading
        readings.append(reading)
        if name == "euc_jp" and any(not r.line and r.oddness < 0.1 for r in readings):
            # The wider EUC is asked only where neither of the usual two reads like Japanese.
            break
    sound = [reading for reading in readings if not reading.line]
    return min(sound, key=lambda r: r.oddness) if sound else max(readings, key=lambda r: r.line)


def _read_through(path: pathlib.Path, encoding: str) -> _Reading:
    """Decode a whole file block by block; never hold more than one block."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, taste = 1, ""
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # A decoder keeps an unfinished sign of the block before, so its object may be longer.
                return _Reading(encoding, line + error.object[: error.start].count(b"\n"))
            fault = CONTROL.search(text)
            if fault:
                return _Reading(encoding, line + text[: fault.start()].count("\n"))
            line += text.count("\n")
            if len(taste) < TASTE_CHARACTERS:
                taste += "".join(sign for sign in text[:TASTE_CHARACTERS] if not sign.isascii())
            if not block:
                return _Reading(encoding, 0, oddness(taste))


def oddness(text: str) -> float:
    """
    Return the share of the signs of a text that Japanese ledgers rarely have (0 to 1; ASCII does not count).

    Half-width katakana among other signs count, as do kanji outside the first level of JIS X 0208, private signs, and
    letters of other alphabets. A text of nothing but half-width katakana is a column of readings.
    """
    if KANA.fullmatch("".join(sign for sign in text if not sign.isascii())):
        return 0.0
    signs = [sign for sign in text if not sign.isascii()]
    return sum(_is_odd(sign) for sign in signs) / len(signs) if signs else 0.0


def _is_odd(sign: str) -> bool:
    code = ord(sign)
    if 0xFF61 <= code <= 0xFF9F:
        return True
    if 0x4E00 <= code <= 0x9FFF:
        try:
            # Kanji of the first level stand in rows 16 to 47, which EUC-JP writes as B0 to CF.
            return not 0xB0 <= sign.encode("euc_jp")[0] <= 0xCF
        except UnicodeEncodeError:
            return True
    is_usual = 0x3000 <= code <= 0x30FF or 0xFF01 <= code <= 0xFF5E or 0x2000 <= code <= 0x27BF
    return not (is_usual or 0x3200 <= code <= 0x33FF or unicodedata.category(sign) in {"Sm", "So"})


class Utf8Stream(io.RawIOBase):
    """
    The text of a file as UTF-8 bytes, from a given character on, with lines added at its end.

    Parameters
    ----------
    path
        File to read.
    encoding
        As `find_encoding` told.
    skip
        Characters to leave out at the start.
    ending
        Text to add behind the last character.
    """

    def __init__(self, path: pathlib.Path, encoding: str, *, skip: int, ending: str) -> None:
        super().__init__()
        self._text = path.open("r", encoding=encoding, newline="")
        self._skip = skip
        self._ending = ending
        self._rest = b""

    def readable(self) -> bool:
        """Say that this stream can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer and return the number of bytes; 0 at the end."""
        while not self._rest:
            if self._skip:
                left_out = len(self._text.read(min(self._skip, BLOCK_BYTES)))
                self._skip = self._skip - left_out if left_out else 0
                continue
            text = self._text.read(BLOCK_BYTES)
            if not text:
                text, self._ending = self._ending, ""
            if not text:
                return 0
            self._rest = text.encode("utf-8", "surrogatepass")
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        """Close the file underneath."""
        self._text.close()
        super().close()
