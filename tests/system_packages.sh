#!/bin/sh
# What the tests use and pip cannot install: a browser, a font for it, an OCR engine, and the official Fashion-MNIST files.
# Installs them where it may (root, or sudo without a password, on Debian or Ubuntu); else says what is missing.
set -u

missing=""
command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null ||
    missing="$missing chromium fonts-dejavu-core"
[ -d /usr/share/datasets/fashion-mnist ] || missing="$missing dataset-fashion-mnist"
command -v tesseract >/dev/null || missing="$missing tesseract-ocr tesseract-ocr-eng"
command -v git >/dev/null || missing="$missing git"
if command -v python3 >/dev/null && ! python3 -c "import ensurepip" 2>/dev/null; then missing="$missing python3-venv"; fi
[ -n "$missing" ] || exit 0

may=""
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then may="env"; elif sudo -n true 2>/dev/null; then may="sudo -n env"; fi
fi
if [ -n "$may" ]; then
    echo "Installing$missing"
    $may DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null
    # one by one: a package that this release lacks must not keep the others away
    for package in $missing; do
        $may DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
            </dev/null >/dev/null || echo "Not installed: $package. Tests that need it will say so."
    done
else
    echo "Not installed, and this script may not:$missing. Tests that need them will say so."
fi
