"""The first order motion model as published (Siarohin et al., NeurIPS 2019)."""
