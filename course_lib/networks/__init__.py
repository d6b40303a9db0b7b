"""One network a file, each with its frozen config."""

from .classifier import Classifier, ClassifierConfig
from .pixelcnn import PixelCNN, PixelCNNConfig
from .transformer import Transformer, TransformerConfig

__all__ = ["Classifier", "ClassifierConfig", "PixelCNN", "PixelCNNConfig", "Transformer", "TransformerConfig"]
