"""Many studies in turn: finding them, running them, saying which failed."""
