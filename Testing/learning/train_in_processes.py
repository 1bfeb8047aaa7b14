"""Train a tiny network on a manifest, alone or as one of several processes: `MANIFEST DIR PROCESSES BATCH_SIZE`.

The global batch is PROCESSES x BATCH_SIZE slices. Nothing is left that differs between processes: no dropout, no
augmentation, and group normalisation, which does not look across the batch.
"""

import sys
from pathlib import Path

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.learning.settings import paper_settings
from DCMMultiTaskLib.learning.training import train_network
from DCMMultiTaskLib.networks.config import preset

if __name__ == "__main__":
    manifest, directory, processes, batch_size = sys.argv[1:]
    settings = paper_settings(
        network=preset("default", width=2, dropout=0.0, normalisation="group"),
        epochs=4,
        batch_size=int(batch_size),
        learning_rate=1e-2,
    )
    train_network(
        read_manifest(Path(manifest)),
        [],
        Path(directory),
        settings,
        accelerator="cpu",
        devices=int(processes),
        strategy="ddp",
        progress=False,
    )
