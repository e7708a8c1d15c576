"""The command line: which command, with which settings, and what exit code its end has.

What a command needs is imported when it runs, so that ``--version`` answers at once. To add one,
write a row in :data:`COMMANDS`: its arguments, and a function from :class:`Invocation` to an exit
code. The settings' flags are taken out of the line first and may stand before or after the command.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from camera_watchdog import __version__
from camera_watchdog.errors import (
    CameraWatchdogError,
    ConfigError,
    DatabaseUnreadable,
    JournalRefused,
    NotConfigured,
    NotNow,
    Unauthorized,
)

if TYPE_CHECKING:
    from camera_watchdog.config import Config

__all__ = ["COMMANDS", "Command", "Exit", "Invocation", "main"]

PROGRAM: Final = "camera-watchdog"
DEFAULT_COMMAND: Final = "run"
DEFAULT_CONFIG: Final = "camera_config.json"
HELP_SETTINGS: Final = "--help-settings"
EARLIER_CONFIG: Final = "fundus_camera_watchdog.json"


class Exit(IntEnum):
    """The exit codes; 75, 77 and 78 are those of ``sysexits.h``."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_NOW = 75
    TOKEN_REFUSED = 77
    BAD_CONFIG = 78


class _UsageError(CameraWatchdogError):
    """The command line cannot be understood; never quotes a value, which may be the token."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line said: the command's own arguments, and the settings.

    ``flags`` are the settings by the keys' names, ``config_path`` the file that was named, or the
    :data:`DEFAULT_CONFIG` of the current folder where there is one; ``is_config_named`` tells which.
    """

    arguments: argparse.Namespace
    config_path: Path | None
    flags: dict[str, object]
    is_config_named: bool = False

    def check_that_one_is_given(self) -> None:
        """Go on where there is a configuration, in a file or in flags.

        Raises:
            NotConfigured: there is none.
        """
        from camera_watchdog.command_line import program  # noqa: PLC0415  # see the module's first lines

        if self.config_path is None and not self.flags:
            raise NotConfigured(
                f"There is no configuration: {program()} init writes one, {program()} demo shows how it "
                f"works without; where there is one, name it with --config."
            )

    def load_config(self, needs: frozenset[str] | None = None) -> "Config":
        """The configuration, its warnings told on stderr.

        ``needs`` are the keys that the command cannot do without; none means those of the daemon.

        Raises:
            ConfigError: it cannot be used.
            NotConfigured: there is none.
        """
        import os  # noqa: PLC0415  # see the module's first lines

        from camera_watchdog.config import RUN_NEEDS, load  # noqa: PLC0415  # likewise

        self.check_that_one_is_given()
        needed = RUN_NEEDS if needs is None else needs
        config = load(self.config_path, self.flags, os.environ, needs=needed)
        for warning in config.warnings:
            tell(f"Warning: {warning}")
        return config


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its arguments beside the settings, and what it does."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Invocation], int]
    takes_settings: bool = True


def tell(text: str) -> None:
    """A line for people. stdout is for data."""
    if sys.stderr is not None:  # pythonw has none
        sys.stderr.write(f"{text}\n")


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--once", action="store_true", help="send what is there now, then end", default=False
    )


def _run(invocation: Invocation) -> int:
    from camera_watchdog.refused_start import told_where_people_look  # noqa: PLC0415  # likewise

    with told_where_people_look(invocation.config_path, invocation.flags):
        config = invocation.load_config()
        from camera_watchdog.daemon import run  # noqa: PLC0415  # see the module's first lines

        return run(config, once=invocation.arguments.once)


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--edc", metavar="GEN", default="1.4", help="generation of the EDC (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the temporary folder to look around"
    )


def _demo(invocation: Invocation) -> int:
    from camera_watchdog_demo.show import run  # noqa: PLC0415  # see the module's first lines

    return run(invocation.arguments.edc, keep=invocation.arguments.keep)


def _from_module(name: str, summary: str) -> Command:
    """A command that has a module of its own, imported when it is asked for."""
    path = f"camera_watchdog.commands.{name}"
    return Command(
        name,
        summary,
        lambda parser: import_module(path).add_arguments(parser),
        lambda invocation: int(import_module(path).run(invocation)),
    )


COMMANDS: Final = {
    command.name: command
    for command in (
        Command("run", "bring exams to the EDC until stopped (the default)", _run_arguments, _run),
        _from_module("init", "write a sample configuration, filled in as far as flags tell"),
        _from_module("check", "try everything that is needed, and say how to mend what is wrong"),
        _from_module("status", "every exam that is not archived, what it waits for, what to do"),
        _from_module("retry", "try an exam again now, or all of them"),
        _from_module("release", "a person's answer to what holds an exam"),
        _from_module("resend", "send an archived exam again, whose files the EDC has lost"),
        _from_module("moved", "say that the camera's folder is at another place now"),
        _from_module(
            "report", "what happened to every file of a period, and whether it is still so"
        ),
        _from_module(
            "service", "start unattended: print, install, list, status, stop and the like"
        ),
        Command(
            "demo",
            "a simulated camera and EDC, and the real daemon between them",
            _demo_arguments,
            _demo,
            takes_settings=False,
        ),
    )
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; every deliberate error is one message."""
    from camera_watchdog.output import take_any_text, why_cut_short  # noqa: PLC0415  # see the first lines

    words = list(sys.argv[1:] if argv is None else argv)
    take_any_text()
    try:
        command, invocation = _understand(words)
        with _commands_told(command, invocation):
            try:
                code = command.run(invocation)
                if sys.stdout is not None:
                    sys.stdout.flush()  # now it is known whether all of it could be written
            except CameraWatchdogError as error:
                return _failed(error)
            return code
    except SystemExit as end:  # argparse's, after --help or --version
        return end.code if isinstance(end.code, int) else Exit.FAILED
    except CameraWatchdogError as error:
        return _failed(error)
    except OSError as error:
        if why := why_cut_short(error):
            tell(f"{PROGRAM}: {why}")
        return Exit.FAILED
    except KeyboardInterrupt:  # before the daemon has taken Ctrl+C over
        tell("Stopped.")
        return Exit.FAILED


def _commands_told(command: Command, invocation: Invocation) -> AbstractContextManager[None]:
    """Have commands printed as they run: of the daemon also where they are read elsewhere."""
    from camera_watchdog.command_line import told_as  # noqa: PLC0415  # see the module's first lines
    from camera_watchdog.this_program import settings_given, this_program  # noqa: PLC0415  # likewise

    is_named = invocation.is_config_named or command.name == DEFAULT_COMMAND
    path = invocation.config_path if is_named else None
    return told_as(this_program(), settings_given(path, invocation.flags))


def _failed(error: CameraWatchdogError) -> int:
    tell(_message(error))
    return _exit_code(error)


def _exit_code(error: CameraWatchdogError) -> Exit:
    if isinstance(error, _UsageError):
        return Exit.USAGE
    if isinstance(error, ConfigError | JournalRefused | NotConfigured):
        return Exit.BAD_CONFIG
    if isinstance(error, DatabaseUnreadable) and error.problems:
        return Exit.BAD_CONFIG
    if isinstance(error, NotNow):
        return Exit.NOT_NOW
    return Exit.TOKEN_REFUSED if isinstance(error, Unauthorized) else Exit.FAILED


def _message(error: CameraWatchdogError) -> str:
    lines = [f"{PROGRAM}: {error}"]
    if isinstance(error, DatabaseUnreadable):
        lines += [f"  - {problem}" for problem in error.problems if str(problem) not in lines[0]]
    return "\n".join(lines)


class _Parser(argparse.ArgumentParser):
    """argparse, whose complaints are raised and quote no value."""

    def error(self, message: str) -> NoReturn:
        said = re.sub(r": ignored explicit argument.*", " takes no value", message, flags=re.DOTALL)
        said = re.sub(r"invalid (\w+)( value)?: .*", r"not a possible \1", said, flags=re.DOTALL)
        raise _UsageError(f"{said}. {self.help_command()} tells more.")

    def help_command(self) -> str:
        """The command that tells more, as it runs here."""
        from camera_watchdog.this_program import this_program  # noqa: PLC0415  # see the first lines

        return f"{self.prog.replace(PROGRAM, this_program(), 1)} --help"

    def flag_names(self) -> list[str]:
        """Every flag that it knows."""
        return [name for name in self._option_string_actions if name.startswith("--")]


def _understand(words: list[str]) -> tuple[Command, Invocation]:
    """The command of a line and what it was given. Raises _UsageError, or SystemExit after help."""
    end = words.index("--") if "--" in words else len(words)
    if HELP_SETTINGS in words[:end]:
        _show_settings()
    settings, rest = _settings_parser().parse_known_args(words[:end])
    flags = {name: value for name, value in vars(settings).items() if name != "config"}
    command, rest = _choose(rest)
    parser = _command_parser(command)
    arguments, unknown = parser.parse_known_args([*rest, *words[end:]])
    if unknown:
        raise _UsageError(_unknown_words(unknown, command, parser))
    if vars(settings) and not command.takes_settings:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in vars(settings))
        raise _UsageError(f"{command.name} takes no settings: leave out {names}.")
    named = getattr(settings, "config", None)
    here = next(
        (Path(name) for name in (DEFAULT_CONFIG, EARLIER_CONFIG) if Path(name).is_file()), None
    )
    config_path = Path(named) if named else here
    return command, Invocation(arguments, config_path, flags, bool(named))


def _show_settings() -> NoReturn:
    """Print the flags of the settings, which every command takes that takes a configuration."""
    usage = f"{PROGRAM} [command] [--config FILE] [flags]"
    _Parser(
        prog=PROGRAM, usage=usage, add_help=False, parents=[_settings_parser(shown=True)]
    ).print_help()
    raise SystemExit(Exit.DONE)


def _choose(rest: list[str]) -> tuple[Command, list[str]]:
    """The command that the line names, and the line without it."""
    place = next((i for i, word in enumerate(rest) if not word.startswith("-")), None)
    if place is None:
        if {"-h", "--help", "--version"} & set(rest):
            _program_parser().parse_args(rest)
        return COMMANDS[DEFAULT_COMMAND], rest
    word = rest[place]
    if word in COMMANDS:
        return COMMANDS[word], rest[:place] + rest[place + 1 :]
    if place:  # most likely the value of a flag that does not exist: the flag is what to speak of
        return COMMANDS[DEFAULT_COMMAND], rest
    near = get_close_matches(word, COMMANDS, 1)
    advice = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(COMMANDS)}."
    raise _UsageError(f"There is no such command. {advice}")


def _unknown_words(unknown: Iterable[str], command: Command, parser: _Parser) -> str:
    flags = [word.partition("=")[0] for word in unknown if word.startswith("-") and word != "--"]
    if not flags:
        return f"{command.name} was given a word too many. {parser.help_command()} tells more."
    known = sorted({*parser.flag_names(), "--help", "--version"})
    sentences = []
    for flag in dict.fromkeys(flags):
        # Something else than a plain word may be a flag with the token stuck to it.
        name = flag if re.fullmatch(r"--?[A-Za-z][A-Za-z_-]{0,30}", flag) else "that"
        near = get_close_matches(flag.lower().replace("_", "-"), known, 1)
        advice = f" Did you mean {near[0]}?" if near else ""
        sentences.append(f"There is no flag {name}.{advice}")
    return " ".join(sentences)


def _program_parser() -> _Parser:
    """The parser of the program without a command; it is there for --help and --version."""
    rows = "\n".join(f"  {command.name:<10}{command.summary}" for command in COMMANDS.values())
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [command] [--config FILE] [flags]",
        description="Brings fundus images from the camera's folder to the EDC: once, whole, in the "
        "right session and for the right eye.",
        epilog=f"commands:\n{rows}\n\n{PROGRAM} COMMAND --help tells more about one, {PROGRAM} {HELP_SETTINGS} "
        "about the settings.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_settings_parser()],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _run_arguments(parser)
    return parser


def _command_parser(command: Command) -> _Parser:
    parser = _Parser(
        prog=f"{PROGRAM} {command.name}",
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        parents=[_settings_parser()] if command.takes_settings else [],
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _settings_parser(*, shown: bool = False) -> _Parser:
    """The flags of all keys; what was not given is not in the result. ``shown``: each with its help."""
    from camera_watchdog.config.keys import KEYS  # noqa: PLC0415  # see the module's first lines
    from camera_watchdog.config.values import Shape  # noqa: PLC0415  # likewise

    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"the configuration file (default: {DEFAULT_CONFIG} in the current folder, if any)",
    )
    parser.add_argument(
        HELP_SETTINGS, action="store_true", help="show the flags of the settings as well, and end"
    )
    group = parser.add_argument_group("settings, each of which overrides its key in the file")
    for key in KEYS:
        text = key.help_text.replace("%", "%%") if shown else argparse.SUPPRESS
        if key.kind.shape is Shape.SWITCH:
            group.add_argument(
                key.flag, dest=key.name, action=argparse.BooleanOptionalAction, help=text
            )
        elif key.kind.shape is Shape.LIST:
            group.add_argument(key.flag, dest=key.name, action="append", metavar="A,B", help=text)
        else:
            group.add_argument(key.flag, dest=key.name, metavar=key.placeholder, help=text)
    return parser
