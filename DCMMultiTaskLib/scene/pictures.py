"""Pictures of a result, drawn offscreen: a contact sheet, a chart, and a view in three dimensions."""

from DCMMultiTaskLib.scene.chart_picture import chart_picture
from DCMMultiTaskLib.scene.contact_sheet import contact_sheet
from DCMMultiTaskLib.scene.rendering import has_opengl, require_opengl
from DCMMultiTaskLib.scene.view_3d import view_3d

__all__ = ["chart_picture", "contact_sheet", "has_opengl", "require_opengl", "view_3d"]
