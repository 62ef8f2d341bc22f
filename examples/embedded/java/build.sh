#!/bin/sh
# Builds the native part, which joins Java and ONNX Runtime's C API, into the resources, and with it build/vowels.jar.
# `sh build.sh native` builds the native part alone, for Maven and Gradle.
set -eu
cd "$(dirname "$0")"
: "${ONNXRUNTIME_ROOT:?set it to a release of ONNX Runtime as it is unpacked: include/ and lib/}"
jdk=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
machine=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *os.arch = //p')
case $(uname) in
Darwin) headers=darwin system=macos library=libvowels_jni.dylib ;;
*) headers=linux system=linux library=libvowels_jni.so ;;
esac

natives=src/main/resources/vowels/natives/$system-$machine
mkdir -p "$natives"
${CC:-cc} -std=c11 -O2 -Wall -Wextra -fPIC -shared -o "$natives/$library" native/vowels_jni.c \
    -I"$jdk/include" -I"$jdk/include/$headers" -isystem "$ONNXRUNTIME_ROOT/include" \
    -L"$ONNXRUNTIME_ROOT/lib" -lonnxruntime -Wl,-rpath,"$ONNXRUNTIME_ROOT/lib"
[ "${1:-}" != native ] || exit 0

mkdir -p build/classes
javac --release 17 -encoding UTF-8 -Xlint:all -d build/classes src/main/java/vowels/*.java
# JDK 24 and newer want to be told that a jar loads libraries
echo 'Enable-Native-Access: ALL-UNNAMED' > build/manifest
jar --create --file build/vowels.jar --main-class vowels.Main --manifest build/manifest \
    -C build/classes . -C src/main/resources .
