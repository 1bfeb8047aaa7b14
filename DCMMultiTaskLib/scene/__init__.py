"""Results in a MRML scene. The only room of the library that imports slicer and vtk."""
