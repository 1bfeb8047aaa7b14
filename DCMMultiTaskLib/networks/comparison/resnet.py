"""ResNet-50 and ResNet-101 of He et al. (2016), of MONAI's blocks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from DCMMultiTaskLib.errors import InputError, how_to_install
from DCMMultiTaskLib.networks.attention import Classifier
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.layers import network_input
from DCMMultiTaskLib.networks.output import NetworkOutput

# Table 1: bottleneck blocks of conv2_x to conv5_x.
RESNET50 = (3, 4, 6, 3)
RESNET101 = (3, 4, 23, 3)


def dilate(stage: nn.Module, *, first: int, rest: int) -> None:
    """Keep the size in a stage that halves it: its stride becomes 1, and its 3x3 convolutions see as far as before.

    Args:
        stage: A stage of bottleneck blocks.
        first: Dilation of the first block, which reads what the stage before gives.
        rest: Dilation of the others.
    """
    for number, block in enumerate(stage.children()):
        rate = rest if number else first
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                layer.stride = (1, 1)
                if layer.kernel_size == (3, 3):
                    layer.dilation = layer.padding = (rate, rate)


class ResNetBackbone(nn.Module):
    """All but the pooling and the linear layer.

    Args:
        blocks: Bottleneck blocks per stage.
        width: Channels of the first convolution; the output has 32 times as many.
        output_stride: 32 as published, or 8, where the last two stages are dilated instead (Chen et al. 2017).

    Raises:
        InputError: MONAI is not installed.
        ValueError: `output_stride` is another number.
    """

    def __init__(self, blocks: Sequence[int], width: int, *, output_stride: int = 32) -> None:
        super().__init__()
        try:  # only these networks need MONAI
            from monai.networks.nets import ResNet
        except ModuleNotFoundError as error:
            raise InputError(how_to_install("monai")) from error
        if output_stride not in (8, 32):
            raise ValueError(f"output_stride must be 8 or 32, got {output_stride}")
        resnet = ResNet(
            block="bottleneck",
            layers=list(blocks),
            block_inplanes=[width, 2 * width, 4 * width, 8 * width],
            spatial_dims=2,
            n_input_channels=1,
            conv1_t_size=7,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        # MONAI's forward pools its features away, so its layers are called from here.
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.act, resnet.maxpool)
        self.stages = nn.Sequential(resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4)
        if output_stride == 8:
            dilate(resnet.layer3, first=1, rest=2)
            dilate(resnet.layer4, first=2, rest=4)
        self.out_channels = 32 * width

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 1, H, W)` to `(N, 32 * width, H / output_stride, W / output_stride)`, rounded up."""
        return self.stages(self.stem(image))


class ResNetClassifier(nn.Module):
    """A ResNet, with a class activation map since it ends in global average pooling."""

    def __init__(self, blocks: Sequence[int], config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetBackbone(blocks, config.width)
        self.classifier = Classifier(self.backbone.out_channels, 0.0)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Classify.

        Args:
            image: `(N, 1, H, W)` of any size, intensities in [0, 255].
        """
        features = self.backbone(network_input(image))
        return NetworkOutput(None, self.classifier(features), features)


def resnet50(config: NetworkConfig) -> ResNetClassifier:
    """ResNet-50."""
    return ResNetClassifier(RESNET50, config)


def resnet101(config: NetworkConfig) -> ResNetClassifier:
    """ResNet-101."""
    return ResNetClassifier(RESNET101, config)
