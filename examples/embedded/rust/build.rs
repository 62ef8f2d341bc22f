//! Finds ONNX Runtime: in the release that ONNXRUNTIME_ROOT names, or else where the linker looks by itself.

use std::{env, fs, process};

fn main() {
    println!("cargo:rerun-if-env-changed=ONNXRUNTIME_ROOT");
    println!("cargo:rustc-link-lib=dylib=onnxruntime");
    let Some(root) = env::var_os("ONNXRUNTIME_ROOT").filter(|root| !root.is_empty()) else {
        return;
    };
    let Ok(folder) = fs::canonicalize(&root).and_then(|root| fs::canonicalize(root.join("lib")))
    else {
        eprintln!(
            "ONNXRUNTIME_ROOT: there is no folder lib in {}",
            root.to_string_lossy()
        );
        process::exit(1);
    };
    println!("cargo:rustc-link-search=native={}", folder.display());
    if cfg!(unix) {
        // so that the program finds the library where it stands
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{}", folder.display());
    }
}
