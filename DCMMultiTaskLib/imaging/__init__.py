"""Images in and out of the network's grid. numpy and SimpleITK alone."""
