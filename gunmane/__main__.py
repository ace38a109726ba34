"""`python -m gunmane`: the same as the `gunmane` command."""

import sys

from gunmane.cli import main

sys.exit(main())
