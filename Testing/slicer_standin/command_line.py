"""Slicer's command line, taken apart by the same rules as Slicer's own parser.

The rules matter to a script: an argument that Slicer knows is Slicer's, wherever it stands, also after the script's
name. So ``--python-script predict.py --help`` shows Slicer's help, and ``--`` keeps the rest for the script.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_FLAGS = (
    "help",
    "testing",
    "disable-python",
    "ignore-slicerrc",
    "disable-modules",
    "disable-builtin-modules",
    "disable-cli-modules",
    "disable-builtin-cli-modules",
    "disable-loadable-modules",
    "disable-builtin-loadable-modules",
    "disable-scripted-loadable-modules",
    "disable-builtin-scripted-loadable-modules",
    "version",
    "program-path",
    "home",
    "settings-path",
    "temporary-path",
    "application-information",
    "verbose-module-discovery",
    "disable-settings",
    "keep-temporary-settings",
    "disable-message-handlers",
    "disable-terminal-outputs",
    "disable-tooltips",
    "no-splash",
    "no-main-window",
    "show-python-console",
    "show-python-interactor",
    "exit-after-startup",
    "report-startup-timing",
)
_TEXTS = ("python-script", "python-code", "additional-module-path", "modules-to-ignore")
_SHORT = {"h": "help", "-": "ignore-rest", "c": "c"}


class CommandLineError(ValueError):
    """Slicer would not start with these arguments."""


@dataclass
class CommandLine:
    """What the arguments say, and those that are left for the script."""

    flags: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    module_paths: list[str] = field(default_factory=list)
    unparsed: list[str] = field(default_factory=list)
    script: str = ""
    script_arguments: list[str] = field(default_factory=list)

    @property
    def run_and_exit(self) -> bool:
        """Whether Slicer ends by itself after the script."""
        return bool({"testing", "exit-after-startup"} & self.flags or "c" in self.texts or self._script_is_argument)

    @property
    def _script_is_argument(self) -> bool:
        return bool(self.unparsed) and self.unparsed[0].endswith(".py")


def parse(arguments: list[str]) -> CommandLine:
    """Take the arguments apart.

    Raises:
        CommandLineError: If an argument lacks its value.
    """
    line, index = CommandLine(), 0
    while index < len(arguments):
        name = _known(arguments[index])
        if name is None:
            line.unparsed.append(arguments[index])
        elif name == "ignore-rest":
            line.unparsed += arguments[index + 1 :]
            break
        elif name == "additional-module-paths":
            while index + 1 < len(arguments) and _known(arguments[index + 1]) is None:
                index += 1
                line.module_paths.append(arguments[index])
        elif name in _FLAGS:
            line.flags.add(name)
        else:
            index += 1
            if index >= len(arguments) or _known(arguments[index]) is not None:
                raise CommandLineError(f"Argument {arguments[index - 1]} has 0 value(s) associated, 1 is expected.")
            line.texts[name] = arguments[index]
        index += 1
    if "additional-module-path" in line.texts:
        line.module_paths.insert(0, line.texts["additional-module-path"])
    line.script, line.script_arguments = line.texts.get("python-script", ""), line.unparsed
    if line._script_is_argument:
        line.script, line.script_arguments = line.unparsed[0], line.unparsed[1:]
    return line


def _known(argument: str) -> str | None:
    """Return the name of an argument of Slicer's, None for all others."""
    if not argument.startswith("-"):
        return None
    name = "-" if argument == "--" else argument.removeprefix("--") if argument.startswith("--") else argument[1:]
    name = _SHORT.get(name, name)
    return name if name in (*_FLAGS, *_TEXTS, "additional-module-paths", "ignore-rest", "c") else None
