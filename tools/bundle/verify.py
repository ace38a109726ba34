"""Compare every file of the bundle with SHA256SUMS (for machines without sha256sum); no package needed."""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Print what is missing or differs; 0 if all is as packed."""
    faults = []
    for line in (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split("  ", 1)
        path = HERE / name
        if not path.is_file():
            faults.append(f"missing: {name}")
            continue
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                faults.append(f"differs: {name}")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print("Copy the bundle again, and do not install this one.", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
