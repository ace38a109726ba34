"""
Pack everything a closed network needs into `dist/bundle`: wheels, the app, checksums, an offline install.

Run by `make bundle` inside the project's environment. The wheels for Linux fit the Python that runs this;
the wheels for Windows fit the same version of Python and are fetched, never tried.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "tools" / "bundle"
APP_PARTS = ("app.py", "app_pages", ".streamlit")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
WINDOWS = {
    "os_name": "nt",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "extra": "",
}


class BundleError(Exception):
    """The bundle cannot be made as it should be."""


def pip(*arguments: str) -> None:
    """Run the pip of this environment; its failure ends the run."""
    subprocess.run([sys.executable, "-m", "pip", "-q", *arguments], cwd=ROOT, check=True)


def requirements(path: Path) -> Iterator[Requirement]:
    """Yield the requirements of a plain list, without comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if text:
            yield Requirement(text)


def windows_pins() -> list[str]:
    """
    List `name==version` of all that gunmane needs on Windows.

    `pip download --platform` asks the markers of the machine it runs on, so a package needed on Windows alone
    would be forgotten; here the markers are asked for Windows.

    Raises
    ------
    BundleError
        If Windows needs a package that is neither installed here nor pinned in `constraints.txt`.
    """
    pinned = {canonicalize_name(r.name): str(r.specifier) for r in requirements(ROOT / "constraints.txt")}
    waiting = list(requirements(ROOT / "requirements.txt"))
    found: dict[str, str] = {}
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not wanted.marker.evaluate(WINDOWS)):
            continue
        if name not in pinned:
            msg = f"Windows needs {wanted.name}: pin it in constraints.txt"
            raise BundleError(msg)
        found[name] = f"{name}{pinned[name]}"
        try:
            waiting += [Requirement(text) for text in importlib.metadata.requires(name) or ()]
        except importlib.metadata.PackageNotFoundError as error:
            msg = f"Windows needs {name}, which is not installed here, so what it needs itself is unknown"
            raise BundleError(msg) from error
    return sorted(found.values())


def build_wheel(wheels: Path) -> Path:
    """
    Build the project's own wheel and see that nothing is missing in it.

    Raises
    ------
    BundleError
        If a file of the package or of the facts is not in the wheel.
    """
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wheel = next(wheels.glob("gunmane-*.whl"))

    wanted = {
        str(path.relative_to(ROOT)).replace("data/", "gunmane/_data/", 1)
        if path.is_relative_to(ROOT / "data")
        else str(path.relative_to(ROOT))
        for folder in (ROOT / "gunmane", ROOT / "data" / "model_regions", ROOT / "data" / "national")
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        missing = wanted.difference(archive.namelist())
    if missing:
        msg = f"not in the wheel: {', '.join(sorted(missing)[:5])} ({len(missing)} files)"
        raise BundleError(msg)
    return wheel


def fetch_wheels(wheels: Path) -> None:
    """Fetch the pinned wheels for this Linux, then those for Windows, into one folder."""
    into = ["download", "--only-binary=:all:", "-d", str(wheels)]
    pip(*into, "-r", "requirements.txt", "-c", "constraints.txt")
    windows = ["--platform", "win_amd64", "--python-version", PYTHON, "--implementation", "cp", "--no-deps"]
    pip(*into, *windows, *windows_pins())


def copy_app(folder: Path) -> None:
    """
    Copy what is served beside the package: the app, its pages, the server's settings.

    Raises
    ------
    BundleError
        If a part is missing.
    """
    for part in APP_PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(
                source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml")
            )
        elif source.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / part)
        else:
            msg = f"{part} is missing"
            raise BundleError(msg)


def copy_papers(folder: Path, version: str) -> None:
    """Copy scripts, lists and licences, with the versions written into the scripts."""
    for source in sorted(TEMPLATES.iterdir()):
        text = source.read_text(encoding="utf-8").replace("@PYTHON@", PYTHON).replace("@VERSION@", version)
        newline = "\r\n" if source.suffix == ".bat" else "\n"
        target = folder / source.name
        target.write_text(text, encoding="utf-8", newline=newline)
        if source.suffix == ".sh":
            target.chmod(0o755)
    for name in ("requirements.txt", "constraints.txt", "LICENSE", "NOTICE"):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copy2(ROOT / "docs" / "third_party.md", folder / "third_party.md")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` over every file of the bundle, in the form that `sha256sum -c` reads."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def write_archive(folder: Path) -> Path:
    """Pack the folder into one zip beside it; wheels are packed already, so nothing is squeezed twice."""
    archive = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, path.relative_to(folder.parent))
    line = f"{sha256(archive)}  {archive.name}\n"
    archive.with_name(f"{archive.name}.sha256").write_text(line, encoding="utf-8", newline="\n")
    return archive


def try_offline(folder: Path) -> str:
    """
    Install from the bundle in a namespace without network, into a folder that is thrown away.

    Returns
    -------
    verdict
        What was seen, in words.

    Raises
    ------
    BundleError
        If the machine can cut the network and the install fails without it.
    """
    cut = ["unshare", "--map-root-user", "--net"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*cut, "true"], check=False, capture_output=True).returncode
    ):
        return "not tried (this machine cannot cut the network)"
    with tempfile.TemporaryDirectory() as room:
        command = [*cut, "bash", str(folder / "install.sh"), str(Path(room, "venv"))]
        environment = {**os.environ, "PYTHON": sys.executable}
        if subprocess.run(command, check=False, env=environment).returncode:
            msg = "install.sh failed without network"
            raise BundleError(msg)
    return "installed, and the command ran"


def main() -> int:
    """Make the bundle and say where it stands."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    bundles = ROOT / "dist" / "bundle"
    folder = bundles / f"gunmane-{version}-py{PYTHON}"
    shutil.rmtree(bundles, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    try:
        print("Building the project's own wheel")
        build_wheel(wheels)
        print(f"Fetching the pinned wheels for Linux and Windows, Python {PYTHON}")
        fetch_wheels(wheels)
        copy_app(folder / "app")
        copy_papers(folder, version)
        write_checksums(folder)
        verdict = try_offline(folder)
    except (BundleError, subprocess.CalledProcessError) as error:
        print(f"No bundle: {error}", file=sys.stderr)
        return 1
    archive = write_archive(folder)
    size_mb = archive.stat().st_size / 1e6
    print(f"{archive.relative_to(ROOT)}: {len(list(wheels.iterdir()))} wheels, {size_mb:.0f} MB")
    print(f"Linux, networking off: {verdict}. Windows: untried.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
