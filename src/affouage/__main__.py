"""``affouage`` and ``python -m affouage``."""

from affouage.cli import main

if __name__ == "__main__":
    main()
