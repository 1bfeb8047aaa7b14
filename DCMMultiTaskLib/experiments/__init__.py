"""The paper's experiments: cross validation of networks, tables, figures and the page that shows them."""

# What can be left out, in the order in which it is done.
PARTS = ("tables", "single-task", "loss-weights", "ablation")
