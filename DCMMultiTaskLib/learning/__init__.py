"""Training and measuring: losses, metrics, data sets, folds, augmentation. Never imported by prediction."""
