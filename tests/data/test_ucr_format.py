"""Files of the UCR and UEA archives: what is read, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.data.ucr_format import TsFile, channel_names, read_ts
from lstm_onnx.errors import UserError

HEAD = "@problemName X\n@timeStamps false\n@univariate {}\n@classLabel true a b\n@data\n"
ONE, MANY = HEAD.format("true"), HEAD.format("false")


def read(folder: Path, content: str | bytes) -> TsFile:
    path = folder / "x.ts"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_ts(path)


def test_univariate_cases_of_unequal_length(tmp_path: Path) -> None:
    found = read(tmp_path, ONE + "1,2,3:a\n\n4,5:b\n")
    assert [s.tolist() for s in found.sequences] == [[[1], [2], [3]], [[4], [5]]]
    assert found.sequences[0].dtype == np.float32
    assert found.labels == ["a", "b"]
    assert found.channels == ("value",)
    assert found.classes == ("a", "b")
    assert found.lines == (6, 8)


def test_several_dimensions_are_channels(tmp_path: Path) -> None:
    found = read(tmp_path, MANY + "1,2,3:4,5,6:b\n7:8:a")
    assert [s.tolist() for s in found.sequences] == [[[1, 4], [2, 5], [3, 6]], [[7, 8]]]
    assert found.channels == ("channel 1", "channel 2")


def test_missing_values_are_nan(tmp_path: Path) -> None:
    found = read(tmp_path, ONE + "?, 1 ,NaN,inf,1e300, ? :a")
    np.testing.assert_array_equal(found.sequences[0][:, 0], [np.nan, 1, np.nan, np.nan, np.nan, np.nan])


def test_the_header_may_be_written_in_many_ways(tmp_path: Path) -> None:
    head = b"\xef\xbb\xbf# caf\xe9\r\n%comment\r\n@UNIVARIATE False\r\n@dimensions 2\r\n@Classlabel True Cat Dog\r\n"
    found = read(tmp_path, head + b"@seriesLength 1\r\n@anything else\r\n@DATA\r\n1:2:cat\r\n# more\r\n3:4:DOG\r\n")
    assert found.labels == ["Cat", "Dog"]
    assert found.lines == (9, 11)


def test_classes_that_differ_in_capitals_stay_apart(tmp_path: Path) -> None:
    found = read(tmp_path, ONE.replace("a b", "a A") + "1:A\n1:a")
    assert found.labels == ["A", "a"]


def test_files_without_classes_and_with_numbers_to_predict(tmp_path: Path) -> None:
    bare = read(tmp_path, ONE.replace("true a b", "false") + "1,2\n3")
    assert (bare.labels, bare.classes, len(bare.sequences)) == (None, (), 2)
    numbers = read(tmp_path, ONE.replace("classLabel true a b", "targetLabel true") + "1,2:0.5")
    assert (numbers.labels, numbers.classes) == (["0.5"], ())


def test_channels_are_numbered_from_one() -> None:
    assert channel_names(1) == ("value",)
    assert channel_names(3) == ("channel 1", "channel 2", "channel 3")


@pytest.mark.parametrize("content, said", [
    (ONE.replace("timeStamps false", "timeStamps true"),
     "has no case after '@data'; add a line for each, or choose another file"),
    (ONE.replace("univariate true", "univariate maybe"),
     "line 3: '@univariate' says 'maybe', and must say true or false"),
    (ONE.replace("@classLabel true a b\n", ""),
     "line 4: '@data' comes before '@classLabel'; say before it '@classLabel true' with the classes, or '@classLabel "
     "false'"),
    (ONE.replace(" a b", ""), "line 4: '@classLabel true' names no class; add them, such as '@classLabel true a b'"),
    (ONE.replace("univariate true", "dimensions two"),
     "line 3: '@dimensions' says 'two', and must say how many dimensions a case has"),
    ("1,2,3:a\n", "line 1: found '1,2,3:a' before '@data'; a header line begins with '@', or with '#'"),
    ("@problemName x\n", "has no line '@data'; is it a .ts file of the UCR archive?"),
    (ONE, "has no case after '@data'; add a line for each, or choose another file"),
    (ONE + "1,2:a\n1,two:b",
     "line 7: case 2: dimension 1, step 2: found 'two' where a number is needed; correct it, or write '?'"),
    (ONE + "1,2:c", "line 6: case 1: its class 'c' is none of @classLabel (a, b); correct it, or add it there"),
    (ONE + "1,2", "line 6: case 1 has no class; end the line with a colon and the class"),
    (ONE + "1,2:", "line 6: case 1 has no class; end the line with a colon and the class"),
    (ONE + "1,2:3,4:a",
     "line 6: case 1 has 2 dimensions, and the header says 1; separate dimensions by colons, and end with the class"),
    (MANY + "1,2:3,4:a\n1,2:b", "line 7: case 2 has 1 dimension, and those before have 2; give all cases the same"),
    (MANY + "1,2:3:a",
     "line 6: case 1: dimension 2 has 1 steps, and dimension 1 has 2; those of one case must be equally long: fill "
     "the shorter one with '?'"),
    (ONE + "1:a\n:a", "line 7: case 2: dimension 1 has no step; give one at least, or delete the line"),
    (ONE + "1,,2:a",
     "line 6: case 1: dimension 1, step 2: found '' where a number is needed; correct it, or write '?'"),
    (ONE.encode() + b"1:\xe9", "line 6: is not UTF-8 text (found the byte 0xe9); save it as UTF-8, or convert it from "
     "the encoding it has, such as Latin-1"),
])  # fmt: skip
def test_a_broken_file_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, content)
    assert str(caught.value) == f"{tmp_path / 'x.ts'}: {said}"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x_TRAIN.ts").write_text(ONE)
    with pytest.raises(UserError, match=r"no such file; did you mean 'x_TRAIN.ts'\?"):
        read_ts(tmp_path / "x_TRIAN.ts")
