"""In a wheel this folder is `Resources/Models`, with the shipped model; it is here so that the build finds it."""
