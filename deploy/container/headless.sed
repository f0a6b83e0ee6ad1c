# OpenCV without windows is the same release; the other wheel needs the libraries of a desktop.
s/^opencv-python==/opencv-python-headless==/
