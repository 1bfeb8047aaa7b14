"""Public data sets as distributed, brought to a manifest and volumes."""
