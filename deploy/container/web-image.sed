# What the image of the web process has in place of a listed version.
# The web process encodes moving cards: WebP, GIF and MP4. This release's ffmpeg (7.0) has their encoders and takes 80 MB
# instead of 173. The workers have the listed one, since they encode AVIF, too.
s/^imageio-ffmpeg==.*/imageio-ffmpeg==0.6.0/
