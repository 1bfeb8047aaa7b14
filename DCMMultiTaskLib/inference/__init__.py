"""From a volume to a result, with a trained model package. torch, numpy and SimpleITK alone."""
