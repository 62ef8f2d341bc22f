//! Reads golden.bin and compares. Little-endian throughout; a text is a u32 and that many bytes of UTF-8:
//!
//! ```text
//! "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
//! u32 role (0 input, 1 output), text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values (strings as texts)
//! ```

use std::fs;
use std::path::Path;

use vowels::{Error, Result, Tensor, F16};

/// Examples, and how far an answer may be from them.
pub struct Golden {
    rtol: f64,
    atol: f64,
    pub examples: Vec<Example>,
}

pub struct Example(Vec<Stored>);

struct Stored {
    output: bool,
    name: String,
    element: u32,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// A type that golden examples are made of: ONNX's number of it, and how it is read.
pub trait Stores: PartialEq + Sized {
    const TYPE: u32;

    fn read(bytes: &mut Bytes) -> Option<Self>;

    /// As a number that is compared within the tolerance; `None` where it must be equal.
    fn number(&self) -> Option<f64> {
        None
    }
}

macro_rules! stores {
    ($($rust:ty = $onnx:literal, $read:expr, $number:expr;)+) => {$(
        impl Stores for $rust {
            const TYPE: u32 = $onnx;

            fn read(bytes: &mut Bytes) -> Option<Self> {
                bytes.array().map($read)
            }

            fn number(&self) -> Option<f64> {
                $number(*self)
            }
        }
    )+};
}

stores! {
    f32 = 1, f32::from_le_bytes, |value| Some(f64::from(value));
    u8 = 2, u8::from_le_bytes, |_| None;
    i32 = 6, i32::from_le_bytes, |_| None;
    i64 = 7, i64::from_le_bytes, |_| None;
    bool = 9, |[byte]: [u8; 1]| byte != 0, |_| None;
    F16 = 10, |bytes| F16(u16::from_le_bytes(bytes)), |value| Some(f64::from(value));
    f64 = 11, f64::from_le_bytes, Some;
}

impl Stores for String {
    const TYPE: u32 = 8;

    fn read(bytes: &mut Bytes) -> Option<Self> {
        bytes.text()
    }
}

impl Golden {
    pub fn read(path: &Path) -> Result<Golden> {
        let named = |why: &str| Error::new(format!("{}: {why}", path.display()));
        let content = fs::read(path).map_err(|error| named(&format!("cannot be read: {error}")))?;
        let golden = Bytes(&content).golden();
        golden.ok_or_else(|| named("is no file of golden examples, or a part of one"))
    }

    /// How far an output is from the golden one; fails where they do not agree.
    pub fn compare<T: Stores, const N: usize>(
        &self,
        example: &Example,
        name: &str,
        got: &Tensor<T, N>,
    ) -> Result<f64> {
        let wanted = example.tensor::<T, N>(true, name)?;
        if got.shape() != wanted.shape() {
            let (got, wanted) = (got.shape(), wanted.shape());
            let why = format!("{name} is of shape {got:?} instead of {wanted:?}");
            return Err(Error::new(why));
        }
        let rows = wanted.shape().first().map_or(1, |size| (*size).max(1));
        let width = (wanted.values().len() / rows).max(1);
        let mut farthest = 0.0f64;
        for (place, (a, b)) in got.values().iter().zip(wanted.values()).enumerate() {
            let wrong = |why: String| Error::new(format!("{name}[{place}] is {why}"));
            let (Some(a), Some(b)) = (a.number(), b.number()) else {
                if a != b {
                    return Err(wrong("not what it must be".to_string()));
                }
                continue;
            };
            if a == b || (a.is_nan() && b.is_nan()) {
                continue;
            }
            let row = &wanted.values()[place / width * width..][..width];
            let sizes = row.iter().filter_map(T::number).map(f64::abs);
            let scale = sizes.filter(|size| size.is_finite()).fold(0.0, f64::max);
            let difference = (a - b).abs();
            if difference.is_nan() || difference > self.atol + self.rtol * scale {
                return Err(wrong(format!("{a} instead of {b}")));
            }
            farthest = farthest.max(difference);
        }
        Ok(farthest)
    }
}

impl Example {
    pub fn input<T: Stores, const N: usize>(&self, name: &str) -> Result<Tensor<T, N>> {
        self.tensor(false, name)
    }

    fn tensor<T: Stores, const N: usize>(&self, output: bool, name: &str) -> Result<Tensor<T, N>> {
        let other = || Error::new(format!("no golden {name} of the model's type"));
        let mut tensors = self.0.iter();
        let found = tensors.find(|t| t.output == output && t.name == name);
        let found = found.filter(|t| t.element == T::TYPE).ok_or_else(other)?;
        let shape = <[usize; N]>::try_from(found.shape.as_slice()).map_err(|_| other())?;
        let mut bytes = Bytes(&found.bytes);
        let mut values = Vec::new();
        while !bytes.0.is_empty() {
            values.push(T::read(&mut bytes).ok_or_else(other)?);
        }
        Tensor::new(shape, values)
    }
}

/// What is left to be read; `None` where it ends too early.
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = (self.0.get(..count)?, self.0.get(count..)?);
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn size(&mut self) -> Option<usize> {
        self.u32()?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.size()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    /// As many as the number says that comes first.
    fn list<T>(&mut self, one: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.size()?).map(|_| one(self)).collect()
    }

    fn golden(&mut self) -> Option<Golden> {
        if self.take(8)? != b"LSTMGOLD" || self.u32()? != 1 {
            return None;
        }
        let (rtol, atol) = (f64::read(self)?, f64::read(self)?);
        let examples = self.list(|bytes| bytes.list(Bytes::stored).map(Example))?;
        let golden = Golden {
            rtol,
            atol,
            examples,
        };
        (!golden.examples.is_empty()).then_some(golden)
    }

    fn stored(&mut self) -> Option<Stored> {
        let (role, name, element) = (self.u32()?, self.text()?, self.u32()?);
        let shape = self.list(Bytes::size)?;
        let length = self.size()?;
        let bytes = self.take(length)?.to_vec();
        Some(Stored {
            output: role == 1,
            name,
            element,
            shape,
            bytes,
        })
    }
}
