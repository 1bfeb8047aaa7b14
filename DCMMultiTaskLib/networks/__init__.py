"""The network of Luo et al. (2020) and its parts. torch alone."""
