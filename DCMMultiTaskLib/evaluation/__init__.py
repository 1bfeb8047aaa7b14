"""How good masks and probabilities are: metrics from arrays, intervals over patients, a model's scores and summary."""
