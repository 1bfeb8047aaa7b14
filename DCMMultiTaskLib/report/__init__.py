"""Tables and pictures of results, with one palette; nothing here needs a screen or OpenGL."""
