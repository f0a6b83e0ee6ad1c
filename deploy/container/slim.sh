#!/bin/sh
# Usage: slim.sh VENV [--without-sources]. Deletes what no process of the service reads from its packages, and compiles
# the rest.
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)

# Tests of the packages, headers for building extensions, and files for debuggers of the API's page.
find "$packages" -type d -name tests -prune -exec rm -rf {} +
rm -rf "$packages"/torch/include "$packages"/torch/share
find "$packages/drf_spectacular_sidecar" \( -name '*.map' -o -path '*/redoc/*' -type f \) -delete

# Translations into languages that the service does not speak.
for catalogue in "$packages"/django/conf/locale "$packages"/django/contrib/*/locale "$packages"/rest_framework/locale \
    "$packages"/rest_framework_simplejwt/locale; do
    [ ! -d "$catalogue" ] || find "$catalogue" -mindepth 1 -maxdepth 1 -type d ! -name en ! -name ko -exec rm -rf {} +
done

# The descriptions of Amazon's services but the storage and what its credentials need.
find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name sso ! -name sso-oidc -exec rm -rf {} +

# Without compiled files each start would compile everything: the root file system is read-only. By hash and unchecked,
# so that the same sources give the same image. Examples for Python 2 in some packages cannot be compiled.
if [ "${2:-}" != --without-sources ]; then
    "$1"/bin/python3 -m compileall -qq -f -j 0 --invalidation-mode unchecked-hash "$packages" || true
    exit
fi
# Sources are as large as what is compiled of them, and read by nothing that the web process imports; torch, numba and
# scikit-image read theirs. Tracebacks name lines of packages without their text.
find "$packages" -name __pycache__ -prune -exec rm -rf {} +
"$1"/bin/python3 -m compileall -qq -f -b -j 0 --invalidation-mode unchecked-hash "$packages"
find "$packages" \( -name '*.py' -o -name '*.pyi' -o -name '*.a' \) -delete
rm -rf "$packages"/numpy/f2py "$packages"/numpy/distutils "$packages"/numpy/_core/include "$packages"/django/contrib/gis
