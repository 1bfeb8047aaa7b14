"""The module's self test: runs in Slicer (Reload and Test, CTest).

Slicer's build machines have no PyTorch, and nothing may be installed there: what needs it is skipped, and says so.
"""

from __future__ import annotations

import hashlib
import unittest

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskModule.dependencies import requireTorch
from DCMMultiTaskModule.display import jumpToSlice
from DCMMultiTaskModule.logic import DCMMultiTaskLogic
from DCMMultiTaskModule.parameters import whatIsMissing
from DCMMultiTaskModule.sample_data import SAMPLE_FILE, SAMPLE_SHA256, sampleVolume


class DCMMultiTaskTest(ScriptedLoadableModuleTest):
    """Every critical path once, on the study that comes with the extension."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        for test in (
            self.test_sample_study_is_the_registered_one,
            self.test_apply_says_what_is_missing,
            self.test_sample_study_gets_mask_table_and_chart,
            self.test_second_run_updates_the_same_nodes,
            self.test_stopped_run_leaves_the_scene_as_it_was,
        ):
            self.setUp()
            try:
                test()
            except unittest.SkipTest as reason:
                self.delayDisplay(f"Skipped: {reason}")
        self.delayDisplay("No test failed")

    def skipWithoutTorch(self):
        try:
            requireTorch()
        except InputError as reason:
            self.skipTest(str(reason))

    def test_sample_study_is_the_registered_one(self):
        digest = hashlib.sha256(SAMPLE_FILE.read_bytes()).hexdigest()
        self.assertEqual(digest, SAMPLE_SHA256)
        self.assertEqual(sampleVolume().GetImageData().GetNumberOfScalarComponents(), 1)

    def test_apply_says_what_is_missing(self):
        parameters = DCMMultiTaskLogic().getParameterNode()
        self.assertIn("volume", whatIsMissing(parameters))
        parameters.inputVolume = sampleVolume()
        self.assertEqual(whatIsMissing(parameters), "")
        parameters.modelPath = "nowhere/none.dcmmodel"
        self.assertIn("none.dcmmodel", whatIsMissing(parameters))

    def test_sample_study_gets_mask_table_and_chart(self):
        self.skipWithoutTorch()
        from DCMMultiTaskLib.scene.table import rows_of

        volume = sampleVolume()
        steps = []
        nodes = DCMMultiTaskLogic().process(volume, device="cpu", progress=lambda done, total: steps.append(done))
        rows = rows_of(nodes.table)
        slices = volume.GetImageData().GetDimensions()[2]
        self.assertEqual([row.slice for row in rows], list(range(slices)))
        self.assertEqual(steps, sorted(steps))
        good = [row for row in rows if row.quality == "ok"]
        self.assertGreaterEqual(len(good), slices // 2)
        for row in good:
            self.assertTrue(0.0 <= row.dcm_probability <= 1.0)
            self.assertTrue(100.0 < row.myocardium_area_mm2 < 10000.0)
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, nodes.segment_id, volume)
        self.assertEqual(mask.shape, slicer.util.arrayFromVolume(volume).shape)
        spacing = volume.GetSpacing()
        for row in rows:
            self.assertAlmostEqual(mask[row.slice].sum() * spacing[0] * spacing[1], row.myocardium_area_mm2, places=3)
        self.assertEqual(nodes.chart.GetClassName(), "vtkMRMLPlotChartNode")
        jumpToSlice(nodes.table, slices - 1)

    def test_second_run_updates_the_same_nodes(self):
        self.skipWithoutTorch()
        volume = sampleVolume()
        logic = DCMMultiTaskLogic()
        first = logic.process(volume, device="cpu")
        count = slicer.mrmlScene.GetNumberOfNodes()
        second = logic.process(volume, first.segmentation, first.table, device="cpu")
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), count)
        self.assertEqual(second.segmentation.GetID(), first.segmentation.GetID())
        self.assertEqual(second.chart.GetID(), first.chart.GetID())

    def test_stopped_run_leaves_the_scene_as_it_was(self):
        self.skipWithoutTorch()
        volume = sampleVolume()
        count = slicer.mrmlScene.GetNumberOfNodes()
        self.assertIsNone(DCMMultiTaskLogic().process(volume, device="cpu", cancelled=lambda: True))
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), count)
