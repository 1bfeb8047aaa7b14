"""Parts of the DCMMultiTask module: parameters, dependencies, the result panel, the model card."""
