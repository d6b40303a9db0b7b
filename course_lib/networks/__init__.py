"""One network a file, each with its frozen config."""

from .autoencoder import Autoencoder, AutoencoderConfig
from .blocks import BlockTransformer, BlockTransformerConfig
from .classifier import Classifier, ClassifierConfig
from .joint import Joint, JointConfig
from .judged import Judged
from .pixelcnn import PixelCNN, PixelCNNConfig
from .quantizers import MultiScale, MultiScaleConfig
from .transformer import Transformer, TransformerConfig
from .unet import UNet, UNetConfig
