"""`python -m lrdsl`, the same as `lrdsl`."""

from lrdsl.cli import main

raise SystemExit(main())
