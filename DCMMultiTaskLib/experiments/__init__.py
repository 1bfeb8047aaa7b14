"""The paper's experiments: cross validation of networks, tables, figures and the page that shows them."""

# What can be left out, in the order in which it is done.
PARTS = ("tables", "single-task", "loss-weights", "ablation", "own-ablation")
# Those whose networks choices are made by: they have patients, and so trainings, of their own.
TUNING = ("ablation", "own-ablation")
