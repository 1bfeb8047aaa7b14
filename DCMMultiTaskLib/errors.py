"""The one error that a user is meant to read."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one sentence in the user's words that says what is wrong and what to do. It is raised where the
    fault is found and shown once, by the outermost layer: the command line prints it and ends with exit code 2, the
    Slicer module shows it in a message.
    """
