"""Slicer's Sample Data module: it keeps what modules register, and loads from files, never from the network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleLogic


class SampleData(ScriptedLoadableModule):
    """The module; its panel is not here."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = "Sample Data"
        parent.categories = ["Informatics"]


class SampleDataSource:
    """A data set: where it is, what it is called, its checksum."""

    def __init__(
        self,
        sampleName: str | None = None,
        sampleDescription: str | None = None,
        uris: Any = None,
        fileNames: Any = None,
        nodeNames: Any = None,
        checksums: Any = None,
        loadFiles: Any = None,
        customDownloader: Any = None,
        thumbnailFileName: str | None = None,
        loadFileTypes: Any = None,
        loadFileProperties: dict[str, Any] | None = None,
    ) -> None:
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName
        self.loadFileProperties = loadFileProperties or {}
        self.uris = [uris] if isinstance(uris, str) else list(uris)
        count = len(self.uris)
        fields = {
            "fileNames": fileNames,
            "nodeNames": nodeNames,
            "checksums": checksums,
            "loadFiles": loadFiles,
            "loadFileTypes": loadFileTypes,
        }
        for name, value in fields.items():
            values = list(value) if isinstance(value, (list, tuple)) else [value] * count
            if len(values) != count:
                raise ValueError(f"All fields of sample data source must have the same length; {name} has not")
            setattr(self, name, values)
        if thumbnailFileName is not None and not Path(thumbnailFileName).is_file():
            raise ValueError(f"The thumbnail {thumbnailFileName} does not exist")


class SampleDataLogic(ScriptedLoadableModuleLogic):
    """Registers data sets, and loads those that are files."""

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", **source: Any) -> None:
        sources = getattr(slicer.modules, "sampleDataSources", None)
        if sources is None:
            sources = slicer.modules.sampleDataSources = {}
        source.setdefault("loadFileProperties", {})
        added = SampleDataSource(**source)
        if all(vars(other) != vars(added) for other in sources.setdefault(category, [])):
            sources[category].append(added)

    @staticmethod
    def sampleDataSourcesByCategory(category: str | None = None) -> Any:
        sources = getattr(slicer.modules, "sampleDataSources", {})
        return sources if category is None else sources.get(category, [])

    def sourceForSampleName(self, sampleName: str) -> SampleDataSource | None:
        for sources in self.sampleDataSourcesByCategory().values():
            for source in sources:
                if source.sampleName == sampleName:
                    return source
        return None

    def downloadFromSource(self, source: SampleDataSource, maximumAttemptsCount: int = 3) -> list[Any]:
        """Load a data set whose addresses are ``file:`` addresses, after its checksum was compared."""
        if source.customDownloader is not None:
            return source.customDownloader(source)
        nodes = []
        for uri, name, checksum, kind in zip(
            source.uris, source.nodeNames, source.checksums, source.loadFileTypes, strict=True
        ):
            address = urlparse(uri)
            if address.scheme != "file":
                raise RuntimeError(f"The Slicer stand-in downloads nothing; it was asked for {uri}")
            path = Path(url2pathname(unquote(address.path)))
            algorithm, _, digest = (checksum or "").partition(":")
            if checksum and hashlib.new(algorithm, path.read_bytes()).hexdigest() != digest.lower():
                raise ValueError(f"The checksum of {path} is not {checksum}")
            properties = {**source.loadFileProperties, **({"name": name} if name else {})}
            nodes.append(slicer.util.loadNodeFromFile(str(path), kind, properties))
        return nodes

    def downloadSamples(self, sampleName: str) -> list[Any]:
        source = self.sourceForSampleName(sampleName)
        if source is None:
            raise ValueError(f"There is no sample data set called {sampleName}")
        return self.downloadFromSource(source)

    def downloadSample(self, sampleName: str) -> Any:
        return self.downloadSamples(sampleName)[0]


def downloadSample(sampleName: str) -> Any:
    """Load the first node of a sample data set."""
    return SampleDataLogic().downloadSample(sampleName)


def downloadSamples(sampleName: str) -> list[Any]:
    """Load the nodes of a sample data set."""
    return SampleDataLogic().downloadSamples(sampleName)
