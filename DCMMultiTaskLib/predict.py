"""`predict` as a script, for Slicer's batch mode; PythonSlicer and plain Python run it too.

    Slicer --no-splash --no-main-window --python-script .../DCMMultiTaskLib/predict.py INPUT... -o DIR [options]

Arguments, files and exit codes are those of `dcm-multitask predict`.
"""

import sys
from pathlib import Path

# A script's own folder is first on the path; the library is imported from the folder above it.
FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(entry for entry in sys.path if Path(entry).resolve() != FOLDER)]

if __name__ == "__main__":
    from DCMMultiTaskLib.cli import main

    # Without this, Slicer would go on running.
    sys.exit(main(["predict", *sys.argv[1:]]))
