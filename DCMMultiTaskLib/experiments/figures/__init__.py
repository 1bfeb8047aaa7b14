"""The paper's figures, drawn from this project's own results."""
