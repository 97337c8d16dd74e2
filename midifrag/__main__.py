"""Where ``midifrag`` and ``python -m midifrag`` begin: before the imports, which take a moment that Ctrl-C may hit."""

from __future__ import annotations


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, and so does a terminal that is gone."""
    try:
        from midifrag.commands import streams

        streams.make_ready()
        try:
            from midifrag.cli import app

            app()
        finally:
            streams.end()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
