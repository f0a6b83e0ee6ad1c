"""Where the network that compares pictures comes from, beside a file of VGG weights. Imports no torch."""

from __future__ import annotations

# VGG-16 of the package torchvision, which downloads its weights.
TORCHVISION = "torchvision"
# The small network that is used where there is no VGG, beside the painter's weights.
FEATURES_FILE = "painter-features.safetensors"
