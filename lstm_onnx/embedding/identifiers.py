"""Names that are safe as identifiers in every language that there is a target for, and text that is safe in sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

_RESERVED = frozenset(
    """
    abstract alignas alignof and any array as asm assert async auto await base become bool boolean box break byte case
    catch chan char checked class const constexpr continue crate decimal default defer delegate delete do double dyn
    else enum eval event explicit export extends extern fallthrough false final finally fixed float fn for foreach
    friend from func function go goto if impl implements implicit import in inline inout int interface internal is
    lambda let lock long loop macro main map match mod module move mut mutable namespace native new nil not null number
    object operator or out override package params priv private protected pub public range readonly record ref register
    restrict return sbyte sealed select self short signed sizeof stackalloc static str strictfp string struct super
    switch synchronized template this throw throws trait transient true try type typedef typeid typename typeof uint
    ulong unchecked undefined union unsafe unsigned unsized use ushort using var virtual void volatile where while
    with xor yield instanceof java
    arguments checked ort results tensor undefined
    model answer state session error golden csv tensors env memory inputs outputs input_names output_names content good
    length ahead room err calendar table work self_test instance held
    """.split()
)
"""Keywords of the languages, and the names that generated programs use for themselves."""

_TAKEN = frozenset(
    """
    all clean help install package test wasm edit_cache rebuild_cache list_install_components package_source run_tests
    assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool
    stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
    algorithm array atomic bit charconv chrono compare concepts coroutine deque exception execution expected filesystem
    format forward_list fstream functional future generator initializer_list iomanip ios iosfwd iostream istream
    iterator latch limits list map memory mutex new numbers numeric optional ostream queue random ranges ratio regex set
    span sstream stack stop_token streambuf string_view system_error thread tuple type_traits unordered_map utility
    valarray variant vector version
    abort abs accept access alarm alloca atexit atof atoi basename bcmp bind bsearch calloc ceil clock clone close
    connect cos crypt daemon dirname div dup erf exec exit exp ffs floor fma fork free gamma getenv getopt gmtime hypot
    index insque j0 j1 jn kill labs ldexp lgamma link listen localtime log logb longjmp lrand48 lsearch malloc memcpy
    mktime modf nice open pause perror pipe poll pow printf putenv puts qsort raise rand random read realloc remove
    rename rewind rindex rint round scanf send select shutdown sin sleep socket sqrt srand stat strlen swab sync sysconf
    system tan tee tgamma trunc truncate umask unlink usleep vfork wait write y0 y1 yn
    alloc core proc_macro std
    archive bufio builtin bytes cmd cmp compress container context crypto database debug embed encoding errors expvar
    flag fmt hash html image io iter log maps mime net os path plugin reflect regexp runtime slices sort strconv strings
    structs syscall testing text unicode unique vendor
    action bit_converter buffer collections comparer console convert cultureinfo date date_time diagnostics dictionary
    environment file func globalization half lang linq marshal microsoft nint nullable process program linkedlist
    stopwatch stream stringbuilder task timespan tuple type uri util
    c dl m pthread rt stdc
    build dist lib node node_modules onnx onnxruntime src target tests
    cell convert golden lines picture times
    """.split()
)
"""What a program cannot be called beside those: goals of make and CMake, headers and functions of C and C++, packages
that come with Rust, Go, Java and .NET, libraries that a linker knows, folders of builds, and files of programs."""


def snake(name: str) -> str:
    """Make an identifier such as `traffic_streaming`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "x"
    plain = f"x{plain}" if plain[0].isdigit() else plain
    return f"{plain}_" if plain in _RESERVED else plain


def program(name: str) -> str:
    """Make an identifier of a model's name, after which files, packages, namespaces and goals of builds are called."""
    found = snake(name)
    return f"{found}_" if found in _TAKEN else found


def unique(names: Iterable[str], taken: Iterable[str] = (), suffixes: Sequence[str] = ()) -> list[str]:
    """Make identifiers that differ from each other and from those taken, also where one of the suffixes is added."""
    used, found = set(taken), []
    for name in map(snake, names):
        while used & (whole := {name, *(name + suffix for suffix in suffixes)}):
            name += "_"
        used |= whole
        found.append(name)
    return found


def camel(name: str) -> str:
    """Turn `my_model` into `myModel`."""
    first, *others = name.strip("_").split("_")
    return first + "".join(w.capitalize() for w in others) + name[len(name.rstrip("_")) :]


def pascal(name: str) -> str:
    """Turn `my_model` into `MyModel`."""
    return "".join(w.capitalize() for w in name.split("_"))


def verb(task: str, name_of_model: str = "") -> str:
    """Name what a task does: `forecasting` is to forecast, `classification` to classify, `tagging` to tag.

    Where that is what the model is called too, it is to predict: in C, the function is called after both.
    """
    found = _verb(snake(task).strip("_"))
    return "predict" if found.strip("_") == name_of_model.strip("_") else found


def _verb(name: str) -> str:
    if name.endswith("ification"):
        return f"{name.removesuffix('ication')}y"
    if name.endswith("ing") and len(name) > 5:
        stem = name.removesuffix("ing")
        return snake(stem[:-1] if stem[-2:] in _DOUBLED else stem)
    return snake(name)


_DOUBLED = {"bb", "gg", "mm", "nn", "pp", "rr", "tt"}
"""What a verb has but once that doubles its last letter before `ing`; to fill, pass or add has both by itself."""


def one_line(text: object) -> str:
    """Make text that is safe in a comment of any language: one line, and no end of a comment in it."""
    line = " ".join(str(text).split()).replace("*/", "* /").replace("-->", "-- >").replace("\\u", "\\ u")
    line = line.replace("??/", "?? /")  # a backslash, to C
    return f"{line}." if line.endswith("\\") else line  # which would take the next line into the comment


def c_string(text: str) -> str:
    """Write a literal for C and C++; whatever is not plain ASCII as octal bytes of its UTF-8."""
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"}
    return '"' + "".join(plain.get(b, chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in text.encode()) + '"'


def json_string(text: str) -> str:
    """Write a literal for JavaScript, Java, C#, Go and JSON, in sources that are UTF-8."""
    literal = json.dumps(text, ensure_ascii=False)
    for end in "\x85\u2028\u2029":  # ends of a line, to C#
        literal = literal.replace(end, f"\\u{ord(end):04x}")
    return literal


def rust_string(text: str) -> str:
    """Write a literal for Rust."""
    plain = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(plain.get(c, c if " " <= c <= "~" else f"\\u{{{ord(c):x}}}") for c in text) + '"'


def csv_cell(text: str) -> str:
    """Write a cell of CSV, in quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
