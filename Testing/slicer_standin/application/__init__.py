"""What a scripted module meets of the application: slicer.app, modules, main window, layout, files."""
