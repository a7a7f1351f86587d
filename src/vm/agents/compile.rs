//! Builds the guest's agent for each processor, so that it can be part of this program: `OUT_DIR/PROCESSOR` is the program and
//! `OUT_DIR/PROCESSOR.why` is empty, or the first is empty and the second says why.
//!
//! An agent is static, as nothing of a guest may be relied on. `rustup target add aarch64-unknown-linux-musl` is all that
//! another processor needs: the linker and the C library come with it. Where agents are built apart, as distributions do, the
//! variables `CFGCHECK_AGENT_X86_64` and `CFGCHECK_AGENT_AARCH64` name them. With the feature `both-agents`, which releases have,
//! nothing is built without both.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "a build script runs programs and speaks to cargo"
)]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=agents/compile.rs");
    println!("cargo::rerun-if-changed=../agent");
    let out = env::var("OUT_DIR").expect("cargo says where to");
    let out = Path::new(&out);
    let must = env::var_os("CARGO_FEATURE_BOTH_AGENTS").is_some();
    for processor in ["x86_64", "aarch64"] {
        let variable = format!("CFGCHECK_AGENT_{}", processor.to_uppercase());
        println!("cargo::rerun-if-env-changed={variable}");
        let made = match env::var_os(&variable) {
            Some(file) => ready(processor, Path::new(&file)),
            None => build(processor, out),
        };
        let (bytes, why) = match made {
            Ok(bytes) => (bytes, String::new()),
            Err(why) if must => {
                println!(
                    "cargo::error=there must be an agent for {processor}, as the feature `both-agents` is on: {why}"
                );
                continue;
            }
            Err(why) => (Vec::new(), why),
        };
        if env::var("HOST").is_ok_and(|host| host.starts_with(processor)) && bytes.is_empty() {
            println!("cargo::warning=the agent of virtual machines cannot be built: {why}");
        }
        fs::write(out.join(processor), bytes).expect("the folder can be written to");
        fs::write(out.join(format!("{processor}.why")), why).expect("the folder can be written to");
    }
}

/// Returns a program that was built elsewhere for a processor, or why it is none.
fn ready(processor: &str, file: &Path) -> Result<Vec<u8>, String> {
    println!("cargo::rerun-if-changed={}", file.display());
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    // ELF, e_machine at 18: EM_X86_64 and EM_AARCH64.
    let machine = if processor == "x86_64" { 62 } else { 183 };
    match bytes.starts_with(b"\x7fELF") && bytes.get(18..20) == Some(&[machine, 0]) {
        true => Ok(bytes),
        false => Err(format!("{} is no program for {processor}", file.display())),
    }
}

/// Returns the program for a processor, or why it cannot be built.
fn build(processor: &str, out: &Path) -> Result<Vec<u8>, String> {
    let host = env::var("HOST").map_err(|error| error.to_string())?;
    let musl = format!("{processor}-unknown-linux-musl");
    let own = format!("{processor}-unknown-linux-gnu");
    let flags = if is_installed(&musl)? {
        vec![
            "-Ctarget-feature=+crt-static",
            "-Clinker=rust-lld",
            "-Clink-self-contained=yes",
        ]
    } else if host == own {
        vec!["-Ctarget-feature=+crt-static"]
    } else {
        return Err(format!("this program was built without rust's target {musl}"));
    };
    let target = if flags.len() > 1 { musl } else { own };
    let folder = out.join("build");
    let mut cargo = Command::new(env::var("CARGO").map_err(|error| error.to_string())?);
    // What clippy and other wrappers set for our own crates is not for it.
    for variable in [
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "CLIPPY_ARGS",
        "CARGO_BUILD_TARGET",
    ] {
        cargo.env_remove(variable);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    cargo.args([
        "build",
        "--locked",
        "--quiet",
        "--profile",
        "agent",
        "--bin",
        "cfgcheck-agent",
    ]);
    cargo
        .args([
            "--manifest-path",
            "../agent/Cargo.toml",
            "--target",
            &target,
            "--target-dir",
        ])
        .arg(&folder);
    let output = cargo.output().map_err(|error| format!("cargo does not run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .lines()
            .find(|line| line.starts_with("error"))
            .unwrap_or("without a word");
        return Err(format!("cargo failed: {said}"));
    }
    let program = folder.join(&target).join("agent/cfgcheck-agent");
    fs::read(&program).map_err(|error| format!("{} is not there: {error}", program.display()))
}

/// Whether the standard library of a target is there.
fn is_installed(target: &str) -> Result<bool, String> {
    let rustc = env::var("RUSTC").map_err(|error| error.to_string())?;
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output();
    let output = output.map_err(|error| format!("rustc does not run: {error}"))?;
    Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}
