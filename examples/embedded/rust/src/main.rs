//! Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//!
//! ```text
//! vowels              asks the first golden example
//! vowels --self-test  asks all of them, and compares
//! ```
//!
//! Exit status: 0, 1 where the self-test fails, 2 for what cannot be used.

mod example;
mod golden;
mod self_test;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use vowels::{Error, Model, Result};

const USAGE: &str = "usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]";

fn run() -> Result<ExitCode> {
    let (mut path, mut golden) = (PathBuf::from("model.onnx"), PathBuf::from("golden.bin"));
    let (mut test, mut timed) = (false, false);
    let usage = || Error::new(USAGE);
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--self-test") => test = true,
            Some("--bench") => timed = true,
            Some("--model") => path = arguments.next().ok_or_else(usage)?.into(),
            Some("--golden") => golden = arguments.next().ok_or_else(usage)?.into(),
            _ => return Err(usage()),
        }
    }
    let model = Model::open(path)?;
    let golden = golden::Golden::read(&golden)?;
    if test && !self_test::self_test(&model, &golden)? {
        return Ok(ExitCode::from(1));
    }
    if timed {
        self_test::bench(&model, &golden)?;
    }
    if !test && !timed {
        example::example(&model, &golden)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}
