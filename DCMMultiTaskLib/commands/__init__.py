"""One file per command: `NAME`, `HELP`, `USAGE`, `add_arguments(parser)` and `run(args)`, which returns the exit code.

A command parses, calls and prints; what it imports beyond the standard library it imports when it runs, so that
`--help` is quick.
"""
