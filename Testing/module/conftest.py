"""The tests in `panel` run in a process of their own, which `test_installed_tree.py` starts on the installed tree."""

import os

collect_ignore = [] if os.environ.get("DCM_MODULE_TREE") else ["panel"]
