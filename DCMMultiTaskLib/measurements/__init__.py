"""What can be measured from labels and geometry alone."""
