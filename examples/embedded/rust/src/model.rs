//! Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.

use std::fs;
use std::path::Path;

use super::onnxruntime::*;

/// What the model is called that this was made from, when that was exported, and the SHA-256 of its file.
pub const NAME: &str = "vowels";
pub const CREATED: &str = "2026-11-23T17:47:47.498409+00:00";
pub const SHA256: &str = "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8";

/// How well it did on the test split: metric and value, the primary one first.
pub const SCORES: [(&str, f64); 6] = [
    ("accuracy", 0.972972972972973),
    ("balanced_accuracy", 0.9726132130136579),
    ("macro_f1", 0.9737687922124992),
    ("log_loss", 0.09482879445118517),
    ("auc", 0.999154421298664),
    ("ece", 0.008666842289873071),
];

/// places of the axis class
pub const CLASS_LABELS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

const INPUTS: [Port; 2] = [
    port(c"values", 1, &[-1, -1, 12]),
    port(c"lengths", 7, &[-1]),
];
const OUTPUTS: [Port; 2] = [
    port(c"label", 8, &[-1]),
    port(c"probabilities", 1, &[-1, 9]),
];

#[derive(Clone, Debug)]
pub struct Answer {
    /// (batch): the likeliest class
    pub label: Tensor<String, 1>,
    /// (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, …
    pub probabilities: Tensor<f32, 2>,
}

/// The model, loaded once and used for every call, from any number of threads.
pub struct Model {
    session: Session,
}

impl Model {
    pub fn open(path: impl AsRef<Path>) -> Result<Model> {
        Model::open_with(path, &Options::default())
    }

    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Model> {
        let path = path.as_ref();
        let named = |why: String| Error::new(format!("{}: {why}", path.display()));
        let content = fs::read(path).map_err(|why| named(format!("cannot be read: {why}")))?;
        Model::from_bytes(&content, options).map_err(|why| named(why.to_string()))
    }

    /// Open what lies in memory, such as `include_bytes!("model.onnx")`.
    pub fn from_bytes(content: &[u8], options: &Options) -> Result<Model> {
        let session = Session::open(content, options, &INPUTS, &OUTPUTS)?;
        Ok(Model { session })
    }

    /// Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
    ///
    /// - `values` (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
    /// - `lengths` (batch): steps of each sequence
    pub fn classify(
        &self,
        // (batch, time, channel = 12)
        values: &Tensor<f32, 3>,
        // (batch)
        lengths: &Tensor<i64, 1>,
    ) -> Result<Answer> {
        let mut batch_size = Axis::new("batch", 1, usize::MAX);
        let mut time_size = Axis::new("time", 1, usize::MAX);
        let mut channel_size = Axis::new("channel", 12, 12);
        batch_size.hold("values", values.shape()[0])?;
        time_size.hold("values", values.shape()[1])?;
        channel_size.hold("values", values.shape()[2])?;
        batch_size.hold("lengths", lengths.shape()[0])?;
        time_size.hold_lengths("lengths", lengths.values(), 1)?;
        let inputs = [
            // in the graph's order
            lend(&self.session, c"values", values)?,
            lend(&self.session, c"lengths", lengths)?,
        ];
        let names = [c"label", c"probabilities"];
        let outputs = self.session.run(inputs, names)?;
        let answer = Answer {
            label: outputs[0].tensor(&OUTPUTS[0])?,
            probabilities: outputs[1].tensor(&OUTPUTS[1])?,
        };
        Ok(answer)
    }
}
