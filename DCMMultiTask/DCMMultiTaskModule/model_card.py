"""What a model says of itself, shown without loading PyTorch."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _


def showModelCard(title: str, card: str, parent=None) -> qt.QDialog:
    """Open a window with a model card that stays beside the panel until it is closed.

    Args:
        title: Window title.
        card: Markdown.
        parent: Widget that the window belongs to.
    """
    dialog = qt.QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(qt.Qt.WA_DeleteOnClose)
    layout = qt.QVBoxLayout(dialog)
    browser = qt.QTextBrowser()
    browser.setOpenExternalLinks(True)
    browser.setMarkdown(card or _("This model has no card."))
    layout.addWidget(browser)
    buttons = qt.QDialogButtonBox(qt.QDialogButtonBox.Close)
    buttons.connect("rejected()", dialog.close)
    layout.addWidget(buttons)
    dialog.resize(640, 560)
    dialog.show()
    return dialog
