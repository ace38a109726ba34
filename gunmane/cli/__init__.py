"""The `gunmane` command: regions, check, plan, template, sample, fetch, workspace, rerun, what-if."""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence

from gunmane.cli import checking, commands, console, fetching, rerunning, saved, supposing, templates
from gunmane.cli.options import build_parser, chosen_language
from gunmane.errors import GunmaneError
from gunmane.i18n import say, t

DONE, OWN_ERROR, USAGE_ERROR, STOPPED = 0, 1, 2, 130
# What shells add to the number of the signal that ended a command.
SIGNALLED = 128
# An order to end, and the end of the terminal; Windows has no SIGHUP.
SIGNALS = ("SIGTERM", "SIGHUP")

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command and return its exit code: 0 done, 1 our own error, 2 usage, 130 stopped by the user.

    Parameters
    ----------
    argv
        Arguments without the program's name; None takes the process's own.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    lang = chosen_language(given)
    console.prepare_streams()
    _unwind_on_signals()
    try:
        options = build_parser(lang).parse_args(given)
        with warnings.catch_warnings():
            # What libraries warn of is for us, not for the user; what the user must know is in the notes.
            warnings.simplefilter("default" if _is_debugging() else "ignore")
            code = _run(options, lang)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output went away (head, less): nothing is wrong, and nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def _run(options: commands.Options, lang: str) -> int:
    command = {
        "regions": commands.list_regions,
        "plan": commands.plan_region,
        "sample": commands.write_sample,
        "check": checking.check_files,
        "template": templates.write_template,
        "fetch": fetching.fetch,
        "workspace": saved.keep,
        "rerun": rerunning.rerun_plan,
        "what-if": supposing.what_if,
    }
    try:
        command[options.command](options, lang)
    except GunmaneError as error:
        console.tell_error(say(error, lang))
        return OWN_ERROR
    except KeyboardInterrupt:
        console.tell_error(t("cli.stopped", lang))
        return STOPPED
    except BrokenPipeError:
        raise
    except Exception as error:
        if _is_debugging():
            logging.getLogger(__name__).exception("unexpected error")
        console.tell_error(t("cli.unexpected", lang, kind=type(error).__name__))
        return OWN_ERROR
    return DONE


def _unwind_on_signals() -> None:
    """Let an order to end unwind like any other exit, or temporary files stay behind."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        # Whoever runs us under `nohup` wants us to go on.
        if number is None or signal.getsignal(number) == signal.SIG_IGN:
            continue
        try:
            signal.signal(number, lambda number, frame: sys.exit(SIGNALLED + number))
        except ValueError:
            logging.getLogger(__name__).debug("not in the main thread: signals stay as they are")


def _is_debugging() -> bool:
    return os.environ.get("GUNMANE_DEBUG", "") not in {"", "0"}
