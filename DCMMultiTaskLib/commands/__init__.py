"""One file per command: `HELP`, `USAGE`, `add_arguments(parser)` and `run(args)`, which returns the exit code.

A command parses, calls and prints. `cli.py` knows its name and its line in the list, and imports it when it is called;
what a command imports beyond the standard library it imports when it runs, so that `--help` is quick.
"""
