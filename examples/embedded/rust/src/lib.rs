//! Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//!
//! ```no_run
//! # fn main() -> Result<(), vowels::Error> {
//! let model = vowels::Model::open("model.onnx")?; // once; threads may share it
//! # Ok(())
//! # }
//! ```

mod model;
mod onnxruntime;

pub use model::*;
pub use onnxruntime::{Error, Optimisation, Options, Result, Tensor, F16};
