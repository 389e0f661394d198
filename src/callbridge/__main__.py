"""`python -m callbridge` is the `callbridge` command."""

from callbridge.cli import main

if __name__ == "__main__":
    main()
