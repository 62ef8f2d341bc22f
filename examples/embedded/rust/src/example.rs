//! Asks the model once: what a program of your own does, with tensors of its own in place of the golden ones.

use std::fmt::Display;

use vowels::{Model, Result};

use crate::golden::Golden;

pub fn example(model: &Model, golden: &Golden) -> Result<()> {
    let golden = &golden.examples[0];
    // (batch, time, channel = 12), the columns cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8: Tensor::new([1, 15, 12], values)?
    let values_ = golden.input("values")?;
    // (batch): Tensor::new([1], values)?
    let lengths_ = golden.input("lengths")?;
    let answer = model.classify(&values_, &lengths_)?;
    print("label", answer.label.values());
    print("probabilities", answer.probabilities.values());
    Ok(())
}

fn print<T: Display>(name: &str, values: &[T]) {
    let texts: Vec<_> = values.iter().take(8).map(T::to_string).collect();
    let more = if values.len() > 8 { " ..." } else { "" };
    println!("{name}: {}{more}", texts.join(" "));
}
