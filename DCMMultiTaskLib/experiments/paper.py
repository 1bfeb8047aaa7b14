"""What the paper prints: Tables 2 and 3 (on its own 1155 LGE slices, 123 of them positive), for comparison."""

TABLE_2 = {
    "deeplabv3": {"dsc": 0.7806, "pixel_auc": 0.8561, "f1": 0.7729, "jsc": 0.6127},
    "segnet": {"dsc": 0.7496, "pixel_auc": 0.7751, "f1": 0.7187, "jsc": 0.5155},
    "unet": {"dsc": 0.7613, "pixel_auc": 0.8168, "f1": 0.7403, "jsc": 0.5611},
    "luo2020": {"dsc": 0.8165, "pixel_auc": 0.9230, "f1": 0.8164, "jsc": 0.6966},
}
TABLE_3 = {
    "residual_attention": {"accuracy": 0.9258, "sensitivity": 0.1026, "specificity": 0.8375, "auc": 0.9532},
    "resnet50": {"accuracy": 0.9208, "sensitivity": 0.2251, "specificity": 0.8261, "auc": 0.9429},
    "resnet101": {"accuracy": 0.9431, "sensitivity": 0.2870, "specificity": 0.8729, "auc": 0.9623},
    "luo2020": {"accuracy": 0.9763, "sensitivity": 0.7592, "specificity": 0.9164, "auc": 0.9832},
}
