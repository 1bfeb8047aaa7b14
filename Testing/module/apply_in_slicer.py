"""The self test and one Apply in a running Slicer, for continuous integration.

    Slicer --testing --no-splash --additional-module-paths DCMMultiTask \\
        --python-script Testing/module/apply_in_slicer.py DIR

With `--testing` Slicer ends with 1 where this script raises and with 0 where it does not. DIR gets `apply.png`, the
main window where there is one, and `DCMPhantom_risk.csv`, the table of the sample study.
"""

import sys
from pathlib import Path

import slicer


def main(output: Path) -> None:
    """Run the self test, then click Apply on the sample study."""
    output.mkdir(parents=True, exist_ok=True)
    from DCMMultiTask import DCMMultiTaskTest

    DCMMultiTaskTest().runTest()

    slicer.mrmlScene.Clear()
    from DCMMultiTaskLib.inference.files import write_risk
    from DCMMultiTaskLib.scene.table import rows_of
    from DCMMultiTaskModule.sample_data import sampleVolume

    slicer.util.selectModule("DCMMultiTask")
    widget = slicer.util.getModuleWidget("DCMMultiTask")
    parameters = widget.logic.getParameterNode()
    parameters.inputVolume = sampleVolume()
    slicer.app.processEvents()
    widget.ui.applyButton.click()
    table = parameters.table
    if table is None or not rows_of(table):
        raise RuntimeError("Apply left no table: " + widget.ui.statusLabel.text)
    write_risk(output / "DCMPhantom_risk.csv", rows_of(table))
    window = slicer.util.mainWindow()
    if window is not None:
        slicer.app.processEvents()
        window.grab().save(str(output / "apply.png"))


main(Path(sys.argv[-1]))
