"""What crosses between two processes: files named by the hash of what they hold, written once and shared."""

from __future__ import annotations

import collections
import hashlib
import io
import os
import pathlib
import pickle
import threading
import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple

from gunmane.jobs import tables


def is_whole(thing: object) -> bool:
    """
    Return whether something stands for itself and never changes: a frozen dataclass that equals only itself.

    A ground or a plan is one. It crosses once, whoever asks, and comes back as the very object that was sent.

    Parameters
    ----------
    thing
        Anything.
    """
    params = getattr(type(thing), "__dataclass_params__", None)
    return bool(params and params.frozen and not params.eq and type(thing).__weakrefoffset__)


class Packed(NamedTuple):
    """
    Something written to files.

    Parameters
    ----------
    name
        Its own file.
    needs
        Files that reading it takes, its own among them.
    things
        File -> the object that it holds, for those that stand for themselves; without the object itself.
    """

    name: str
    needs: frozenset[str]
    things: Mapping[str, object]


class Store:
    """
    The files of one pool: each is there as long as a waiting or running job or a living object needs it.

    Parameters
    ----------
    folder
        An empty folder that only this user may enter.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._uses: collections.Counter[str] = collections.Counter()
        self._known: weakref.WeakKeyDictionary[object, Packed] = weakref.WeakKeyDictionary()
        # Filled while objects are taken apart, in any thread and at any moment; emptied where the lock is held.
        self._given_up: collections.deque[frozenset[str]] = collections.deque()

    def pack(self, thing: object) -> tuple[Packed, dict[str, object]]:
        """
        Write something to files and hold them until `release`.

        Parameters
        ----------
        thing
            Anything that can be pickled.

        Returns
        -------
        packed, things
            The files, and which of them hold which object that stands for itself.

        Raises
        ------
        OSError
            If a file cannot be written.
        """
        with self._lock:
            self._give_up()
            packed = self._packed(thing)
            self._uses.update(packed.needs)
        things = dict(packed.things)
        if is_whole(thing):
            things[packed.name] = thing
        return packed, things

    def release(self, packed: Packed) -> None:
        """Give up what `pack` gave; may be called from any thread."""
        self._given_up.append(packed.needs)
        # Who packs just now gives them up next time: nobody who ends a job waits for that.
        if self._lock.acquire(blocking=False):
            try:
                self._give_up()
            finally:
                self._lock.release()

    def _give_up(self) -> None:
        while self._given_up:
            for name in self._given_up.popleft():
                self._uses[name] -= 1
                if self._uses[name] <= 0:
                    del self._uses[name]
                    _remove(self.folder / name)

    def _packed(self, thing: object) -> Packed:
        known = self._known.get(thing) if is_whole(thing) else None
        if known is not None:
            return known
        file = io.BytesIO()
        packer = _Packer(file, self, thing)
        packer.dump(thing)
        name = self._write(file.getbuffer(), ".pickle")
        packed = Packed(name, frozenset({name, *packer.needs}), packer.things)
        if is_whole(thing):
            self._known[thing] = packed
            self._uses.update(packed.needs)
            weakref.finalize(thing, self._given_up.append, packed.needs).atexit = False
        return packed

    def _write(self, content: Any, suffix: str) -> str:
        name = hashlib.sha256(content).hexdigest() + suffix
        if not (self.folder / name).is_file():
            write_whole(self.folder / name, content)
        return name

    def written_table(self, table: Any) -> str:
        """Write a large table, and return the name of its file."""
        return self._write(tables.write_table(table), ".arrow")

    def written_part(self, thing: object) -> Packed:
        """Write something that stands for itself and is part of something else."""
        return self._packed(thing)


class _Packer(pickle.Pickler):
    """Pickles something, and puts large tables and what stands for itself into files of their own."""

    def __init__(self, file: io.BytesIO, store: Store, root: object) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._store, self._root = store, root
        self._names: dict[int, tuple[str, object]] = {}
        self.needs: set[str] = set()
        self.things: dict[str, object] = {}

    def persistent_id(self, obj: Any) -> str | None:
        """Return the file that holds an object instead of this one, None where it is written here."""
        if obj is self._root:
            return None
        if id(obj) in self._names:
            return self._names[id(obj)][0]
        if is_whole(obj):
            part = self._store.written_part(obj)
            self.needs |= part.needs
            self.things |= {**part.things, part.name: obj}
            name = part.name
        elif tables.is_table(obj):
            name = self._store.written_table(obj)
            self.needs.add(name)
        else:
            return None
        # The object is held with it: an address may be given to another one once it is gone.
        self._names[id(obj)] = (name, obj)
        return name


class Reader:
    """
    Reads what a store holds, each thing once.

    Parameters
    ----------
    folder
        The store's folder.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._held: dict[str, object] = {}

    def read(self, name: str) -> Any:
        """Return what a file holds."""
        if name not in self._held:
            path = self._folder / name
            if path.suffix == ".arrow":
                self._held[name] = tables.read_table(path)
            else:
                with path.open("rb") as file:
                    self._held[name] = _Unpacker(file, self.read).load()
        return self._held[name]

    def names(self) -> dict[int, str]:
        """Return address -> file of what was read and stands for itself; it stays alive with this reader."""
        return {id(thing): name for name, thing in self._held.items() if is_whole(thing)}


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: Any, find: Any) -> None:
        super().__init__(file)
        self._find = find

    def persistent_load(self, name: Any) -> Any:
        return self._find(name)


class _Answer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, names: Mapping[int, str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._names = names

    def persistent_id(self, obj: Any) -> str | None:
        return self._names.get(id(obj))


def write_answer(path: pathlib.Path, value: object, names: Mapping[int, str]) -> None:
    """
    Write a result; what was sent in and comes back unchanged is only named.

    Parameters
    ----------
    path
        File to write; it is there whole or not at all.
    value
        The result.
    names
        Address -> file of what was sent in.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    file = io.BytesIO()
    _Answer(file, names).dump(value)
    write_whole(path, file.getbuffer())


def read_answer(path: pathlib.Path, things: Mapping[str, object]) -> Any:
    """
    Return a result.

    Parameters
    ----------
    path
        What `write_answer` wrote.
    things
        File -> the object that was sent in it.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return _Unpacker(file, things.__getitem__).load()


def write_whole(path: pathlib.Path, content: Any) -> None:
    """
    Write a file so that a reader sees all of it or nothing.

    Parameters
    ----------
    path
        File to write, in a folder of our own.
    content
        Bytes.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{threading.get_ident()}.new")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        _remove(draft)


def _remove(path: pathlib.Path) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - also while the interpreter ends
    except OSError:
        # Windows keeps a file that a worker still reads; it goes with the folder.
        return
