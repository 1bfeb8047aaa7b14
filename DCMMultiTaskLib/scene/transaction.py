"""Everything or nothing: a scene that is changed completely, or left as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from DCMMultiTaskLib.scene.hierarchy import INVALID_ITEM, hierarchy


@contextmanager
def all_or_nothing(scene: Any, nodes: Sequence[Any]) -> Iterator[None]:
    """Take back all changes to the scene when the block raises, then raise again.

    Args:
        scene: Nodes and subject hierarchy items that the block adds are removed.
        nodes: The nodes that the block may change; content, name, attributes, references and place are restored.
    """
    present = set(_nodes(scene))
    items = _parents(scene)
    saved = [_Saved(node) for node in nodes]
    try:
        yield
    except BaseException:
        for keeper in saved:
            keeper.restore()
        tree = hierarchy(scene)
        for item, parent in _parents(scene).items():
            if item not in items:
                tree.RemoveItem(item, False, False)
            elif items[item] != parent:
                tree.SetItemParent(item, items[item])
        for node in [node for node in _nodes(scene) if node not in present]:
            scene.RemoveNode(node)
        raise


class _Saved:
    """A copy of a node from which it can be restored."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.copy = node.CreateNodeInstance()
        self.copy.UnRegister(None)
        self.copy.CopyContent(node)
        self.name = node.GetName()
        self.references = _references(node)

    def restore(self) -> None:
        modifying = self.node.StartModify()
        try:
            self.node.CopyContent(self.copy)
            self.node.SetName(self.name)
            for role in set(_references(self.node)) - set(self.references):
                self.node.RemoveNodeReferenceIDs(role)
            for role, targets in self.references.items():
                if targets != _references(self.node).get(role):
                    self.node.RemoveNodeReferenceIDs(role)
                    for target in targets:
                        self.node.AddNodeReferenceID(role, target)
        finally:
            self.node.EndModify(modifying)


def _references(node: Any) -> dict[str, list[str]]:
    roles = [node.GetNthNodeReferenceRole(n) for n in range(node.GetNumberOfNodeReferenceRoles())]
    return {
        role: [node.GetNthNodeReferenceID(role, n) for n in range(node.GetNumberOfNodeReferences(role))]
        for role in roles
    }


def _nodes(scene: Any) -> list[Any]:
    return [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]


def _parents(scene: Any) -> dict[int, int]:
    """Parent item of every subject hierarchy item, from the top down."""
    import vtk

    tree = hierarchy(scene)
    items = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), items, True)
    every = [items.GetId(n) for n in range(items.GetNumberOfIds())]
    return {item: tree.GetItemParent(item) for item in every if item != INVALID_ITEM}
