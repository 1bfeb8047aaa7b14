"""CTK and MRML widgets, as PySide6 widgets with the properties, slots and signals of the real ones.

Only what Python can reach in Slicer is public here: Q_PROPERTY, slots, Q_INVOKABLE functions and signals.
"""
