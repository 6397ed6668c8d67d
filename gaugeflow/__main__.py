"""The command `gaugeflow`, also `python -m gaugeflow`. Where torch is and nothing else, `gaugeflow check` alone."""

import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command line."""
    try:
        from gaugeflow.cli import main as every_command
    except ModuleNotFoundError as missing:
        if sys.argv[1:2] != ["check"]:
            sys.exit(f"gaugeflow: the package {missing.name} is missing; without it there is `gaugeflow check` only")
        from gaugeflow.symmetry.command import main as check

        sys.exit(check(sys.argv[2:]))
    every_command()


if __name__ == "__main__":
    main()
