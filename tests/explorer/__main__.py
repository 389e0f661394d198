"""`python -m explorer`: what `make explore` runs."""

import sys

from explorer.command import main

if __name__ == "__main__":
    sys.exit(main())
