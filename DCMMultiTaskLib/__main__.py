"""`python -m DCMMultiTaskLib COMMAND`, the same as the console script `dcm-multitask COMMAND`."""

import sys

from DCMMultiTaskLib.cli import main

if __name__ == "__main__":
    sys.exit(main())
