"""What lrdsl costs, beside its peers: `python -m benchmarks` from the root of the repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The tests count the operations of a graph with the same function.
sys.path.append(str(ROOT / "tests"))
