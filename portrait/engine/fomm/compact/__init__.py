"""Our compact first order motion network, after Siarohin et al. (NeurIPS 2019), for pictures of 256 pixels a side.

1. The detector finds 16 keypoints (``engine.motion.anatomy``) with Jacobians: a softmax heat map and a Jacobian map
   for each.
2. Dense motion starts from an analytic prior (each keypoint moves what lies near it, in its own local frame) and adds
   a learned correction to the logits of the masks.
3. The generator warps the picture and its features, and blends the warped picture with what it decodes.

Coordinates put -1 and 1 on the outer edges of the corner pixels (``align_corners=False``).
"""
