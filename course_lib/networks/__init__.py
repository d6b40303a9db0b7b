"""One network a file, each with its frozen config."""

from .autoencoder import Autoencoder, AutoencoderConfig
from .classifier import Classifier, ClassifierConfig
from .pixelcnn import PixelCNN, PixelCNNConfig
from .quantizers import MultiScale, MultiScaleConfig
from .transformer import Transformer, TransformerConfig
from .unet import UNet, UNetConfig
