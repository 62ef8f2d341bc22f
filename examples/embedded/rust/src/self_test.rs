//! Feeds the golden examples and compares; times a call.

use std::io::{self, Write};
use std::time::Instant;

use vowels::{Answer, Model, Result, Tensor};

use crate::golden::{Example, Golden};

/// The inputs of a golden example, ready for the function.
struct Call {
    values: Tensor<f32, 3>,
    lengths: Tensor<i64, 1>,
}

impl Call {
    fn of(example: &Example) -> Result<Call> {
        Ok(Call {
            values: example.input("values")?,
            lengths: example.input("lengths")?,
        })
    }

    fn answer(&mut self, model: &Model) -> Result<Answer> {
        model.classify(
            // as the function takes them
            &self.values,
            &self.lengths,
        )
    }
}

/// How far the answer is from the golden one; fails where that is too far.
fn difference(model: &Model, golden: &Golden, example: &Example) -> Result<f64> {
    let mut call = Call::of(example)?;
    let answer = call.answer(model)?;
    let mut largest = 0.0f64;
    let found = golden.compare(example, "label", &answer.label)?;
    largest = largest.max(found);
    let found = golden.compare(example, "probabilities", &answer.probabilities)?;
    largest = largest.max(found);
    Ok(largest)
}

/// Say for each golden example whether the answer agrees; true where all do.
pub fn self_test(model: &Model, golden: &Golden) -> Result<bool> {
    let mut out = io::stdout().lock();
    let mut passed = 0;
    for (i, example) in (1..).zip(&golden.examples) {
        match difference(model, golden, example) {
            Ok(largest) => {
                writeln!(out, "example {i}: ok, largest difference {largest:.1e}")?;
                passed += 1;
            }
            Err(why) => writeln!(out, "  {why}\nexample {i}: FAILED")?,
        }
    }
    let count = golden.examples.len();
    let all = passed == count;
    let verdict = if all { "passed" } else { "FAILED" };
    writeln!(out, "self-test {verdict}: {passed} of {count} examples")?;
    Ok(all)
}

/// Say how long a call with the first golden example takes.
pub fn bench(model: &Model, golden: &Golden) -> Result<()> {
    const WARM: usize = 100;
    const CALLS: usize = 1000;
    let mut call = Call::of(&golden.examples[0])?;
    let mut taken = Vec::new();
    for _ in 0..WARM + CALLS {
        let start = Instant::now();
        call.answer(model)?;
        taken.push(start.elapsed());
    }
    let taken = &mut taken[WARM..];
    taken.sort();
    let mut out = io::stdout().lock();
    let median = taken[CALLS / 2].as_secs_f64() * 1e6;
    writeln!(out, "bench: median {median:.1} us a call of {CALLS}")?;
    Ok(())
}
