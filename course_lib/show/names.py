"""One colour and one spelling for each family and model in the whole course; colour-blind eyes tell them apart too."""

FAMILIES = {"autoregressive": "#D55E00", "masked": "#009E73", "noise": "#0072B2", "data": "#555555", "other": "#CC79A7"}
SHADES = {  # of a family's colour, from pale to dark, where one figure needs several
    "autoregressive": ("#F6DCCB", "#F0B48A", "#E58A4B", FAMILIES["autoregressive"], "#8F3F00"),
    "masked": ("#BFE8DB", "#7FD3B4", "#33B98C", FAMILIES["masked"], "#003D2B"),
    "noise": ("#9CC7E4", "#8FBDDB", "#56B4E9", FAMILIES["noise"], "#0B2F5C"),
}
PALE = SHADES["autoregressive"][1]  # a second autoregressive model beside the first
WORDS = {"autoregressive": "token by token", "masked": "masked", "noise": "out of noise", "data": "real"}
MODELS = {  # what readers call a shipped model, and its mark in figures
    "pixel-transformer-fashion": ("pixel by pixel", "X"),
    "token-ar-fashion": ("token by token", "o"),
    "masked-fashion": ("masked tokens", "s"),
    "next-scale-fashion": ("scale by scale", "^"),
    "dit-fashion": ("noise, transformer", "v"),
    "unet-flow-fashion": ("noise, U-Net", "P"),
    "latent-dit-fashion": ("noise, latents", "*"),
    "one-step-fashion": ("noise, few steps", "D"),
}
