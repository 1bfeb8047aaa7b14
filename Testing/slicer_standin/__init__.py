"""A stand-in for the 3D Slicer application, for tests. Its README says what it is and what it is not."""
