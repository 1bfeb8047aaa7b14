"""Runs a script as the ``Slicer`` executable would: the same arguments, the same exit codes.

    python Testing/slicer_standin/launcher.py --no-splash --no-main-window --python-script FILE ARGUMENT...
    python Testing/slicer_standin/launcher.py --testing --additional-module-paths DIR --python-code CODE

As in Slicer, a script ends the program with ``sys.exit(code)`` or ``slicer.util.exit(code)``; with ``--testing`` the
program ends after the script, with 1 if the script raised and 0 if not, and the code given to ``sys.exit`` is lost.
Slicer would stay open for ever when a script without ``--testing`` does not end it; this program then ends with 99,
after SLICER_STANDIN_PATIENCE seconds (10). It ends with 1 when the script's file is not there.

The command line is taken apart by the rules of Slicer's own parser, which matter to a script: an argument that Slicer
knows is Slicer's, wherever it stands, also after the script's name. So ``--python-script predict.py --help`` shows
Slicer's help, and ``--`` keeps the rest for the script.
"""

from __future__ import annotations

import os
import sys
import traceback
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
STAYED_OPEN = 99


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


def main(arguments: list[str]) -> int:
    """Start the stand-in, run what the arguments ask for, and return the exit code."""
    from slicer_standin.boot import boot, shut_down

    try:
        line = parse(arguments)
    except CommandLineError as error:
        print(f"{error}\nProblem parsing command line arguments.  Try with --help.", file=sys.stderr)
        return 1
    if "help" in line.flags:
        print(__doc__)
        return 0
    if "version" in line.flags:
        from importlib.metadata import version

        print(f"Slicer stand-in on slicer-core {version('slicer-core')}")
        return 0
    folders = [Path(path).resolve() for path in line.module_paths]
    # Slicer appends module folders. Here they come first and the sources last, so that an extension that was built or
    # installed is tested with its own copy of the library, whatever this Python has installed.
    sys.path[1:1] = [str(folder) for folder in folders]
    sys.path.append(str(_HERE.parent.parent))
    no_modules = bool({"disable-modules", "disable-scripted-loadable-modules"} & line.flags) or "c" in line.texts
    slicer = boot(
        main_window="no-main-window" not in line.flags,
        testing="testing" in line.flags,
        modules=[] if no_modules else folders,
    )
    try:
        return _run(slicer, line)
    finally:
        shut_down()


def _run(slicer: Any, line: CommandLine) -> int:
    from PySide6 import QtCore

    # Scripts run in a namespace that has Slicer's names already.
    sys.modules["__main__"] = types.ModuleType("__main__")
    exec("import qt, ctk, vtk, slicer\nfrom slicer.util import *", vars(sys.modules["__main__"]))
    application = QtCore.QCoreApplication.instance()
    options = slicer.app.commandOptions()
    options.runPythonAndExit = line.run_and_exit

    def handle_command_line() -> None:
        failed = False
        if line.script:
            failed = not _execute_file(line.script, line.script_arguments)
        for name in ("c", "python-code"):
            if line.texts.get(name):
                failed = not _execute(line.texts[name], f"--{name}")
        if options.runPythonAndExit or (failed and not Path(line.script or __file__).is_file()):
            application.exit(int(failed))
        else:
            patience = float(os.environ.get("SLICER_STANDIN_PATIENCE", "10"))
            QtCore.QTimer.singleShot(int(patience * 1000), give_up)

    def give_up() -> None:
        print("Slicer would stay open now: the script must end with sys.exit(code).", file=sys.stderr)
        application.exit(STAYED_OPEN)

    QtCore.QTimer.singleShot(0, application.startupCompleted)
    QtCore.QTimer.singleShot(0, handle_command_line)
    return int(application.exec())


def _execute_file(script: str, arguments: list[str]) -> bool:
    """Run a file as ``__main__``, its folder first on the path as long as it runs. Returns False if it raised."""
    path = Path(script)
    sys.argv = [script, *arguments]
    if not path.is_file():
        print(f"Specified python script doesn't exist: {script}", file=sys.stderr)
        return False
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        return _execute(path.read_text(encoding="utf-8"), script)
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _execute(code: str, name: str) -> bool:
    from PySide6 import QtCore

    main_namespace = vars(sys.modules["__main__"])
    if not name.startswith("--"):
        main_namespace["__file__"] = name
    try:
        exec(compile(code, name, "exec"), main_namespace)
    except SystemExit as stop:
        if stop.code is not None and not isinstance(stop.code, int):
            print(stop.code, file=sys.stderr)
        QtCore.QCoreApplication.exit(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
    except BaseException:
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.path[0] = str(_HERE.parent)  # not this folder, whose files are parts of a package
    sys.exit(main(sys.argv[1:]))
