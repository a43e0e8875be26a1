"""What lrdsl costs, beside its peers: `python -m benchmarks` from the root of the repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The operations of a graph are counted by `tools/graphs.py`, as for the tests and the README.
sys.path.append(str(ROOT / "tools"))
