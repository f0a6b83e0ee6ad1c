"""The portrait engine: photo bytes in, a moving painted portrait out. Knows nothing of Django."""

import os

# Between two loops torch's threads (GNU OpenMP) spin, so that they start again at once. On a machine with other work,
# such as ffmpeg or a second portrait, they spin away the time of the one they wait for: a portrait beside two busy
# processes took 15 to 85 seconds on two cores, and 9 to 11 with this limit (three runs each). Alone it took 4.6 to
# 5.1 without and 4.9 to 6.7 with it.
# Read when torch is loaded, which no other module does before this package.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# NumPy's products are those of small networks (photo/tflite_network.py): further threads of its BLAS spin and gain
# nothing, and a search for faces takes twice the processor's time. Read when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
