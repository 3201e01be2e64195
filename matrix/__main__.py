"""The matrix for programs, as `tox config` tells it, which would make every env for that."""

from __future__ import annotations

import json
import sys

from matrix.cells import InvalidMatrix, by_default, cells, installed


def main() -> int:
    """Print JSON: the requirement of each cell's Core and its labels, and the default matrix."""
    try:
        env_list = by_default()
        # In the order of tox: the default matrix first.
        order = dict.fromkeys((*env_list, *cells()))
        env = {
            name: {"set_env": {"CORE": installed(cells()[name])}, "labels": [*cells()[name].labels]}
            for name in order
        }
    except InvalidMatrix as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{json.dumps({'env': env, 'tox': {'env_list': env_list}})}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
