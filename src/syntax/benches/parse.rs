//! Reading texts: one that is made here, the stand-ins for inputs, and all of nixpkgs where `CFGCHECK_CORPUS` names a folder
//! that holds it as `nixpkgs-2611`.

#![expect(clippy::disallowed_methods, reason = "a measurement reads files that others wrote")]

use criterion::{BenchmarkId, Criterion, Throughput};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Packages in the made text, each with the forms that such files have most.
const PACKAGES: usize = 1000;

fn made() -> Vec<u8> {
    let mut text =
        String::from("{ lib, stdenv, fetchurl, ... }@args:\nlet\n  inherit (lib) optional optionals;\nin\nrec {\n");
    for number in 0..PACKAGES {
        _ = write!(
            text,
            r#"
  # The package with this number.
  package-{number} = stdenv.mkDerivation (self: {{
    pname = "package-{number}";
    version = "{number}.2.3";
    src = fetchurl {{
      url = "mirror://example/${{self.pname}}-${{self.version}}.tar.gz";
      hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    }};
    buildInputs = [ args.zlib or null ./patches/{number}.patch ] ++ optionals (lib.versionAtLeast self.version "1.0") [ stdenv ];
    postInstall = ''
      mkdir -p $out/share/{number}
      for file in *.txt; do
        cp "$file" ''${{out}}/share/{number}/${{toString ({number} + 1 * 2)}}
      done
    '';
    doCheck = !stdenv.hostPlatform.isDarwin && stdenv ? cc -> {number} < 500;
    meta = with lib; {{ license = licenses.mit; priority = if {number} == 0 then -1 else 5.5; }};
  }});
"#
        );
    }
    text.push_str("}\n");
    text.into_bytes()
}

/// Returns the texts of all Nix files below a folder, in the order of their paths.
fn texts(folder: &Path) -> Vec<Vec<u8>> {
    let mut folders = vec![folder.to_owned()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.expect("the folder can be listed");
            let kind = entry.file_type().expect("an entry has a kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|end| end == "nix") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    let read = |file: &PathBuf| std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    files.iter().map(read).collect()
}

/// Parses each text as evaluation does: symbols are shared, a tree is dropped before the next one.
fn parse(texts: &[Vec<u8>]) -> usize {
    let options = syntax::ParseOptions::new(b"/");
    let mut symbols = syntax::Symbols::new();
    let mut arena = bumpalo::Bump::new();
    let mut errors = 0;
    for text in texts {
        errors += syntax::parse(text, diag::Pos(1), &mut symbols, &arena, &options)
            .errors
            .len();
        arena.reset();
    }
    errors
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut inputs = vec![
        ("made", vec![made()]),
        (
            "stand-ins",
            texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/inputs")),
        ),
    ];
    assert_eq!(parse(&inputs[0].1), 0, "the made text is right");
    if let Some(corpus) = std::env::var_os("CFGCHECK_CORPUS") {
        inputs.push(("nixpkgs", texts(&Path::new(&corpus).join("nixpkgs-2611"))));
    }
    let mut group = criterion.benchmark_group("parse");
    for (name, texts) in inputs {
        let bytes = texts.iter().map(|text| text.len() as u64).sum();
        // Of the large ones a few runs say enough.
        if bytes > 10 << 20 {
            group.sample_size(10);
        }
        group.throughput(Throughput::Bytes(bytes));
        group.bench_with_input(BenchmarkId::from_parameter(name), &texts, |bencher, texts| {
            bencher.iter(|| parse(texts));
        });
    }
    group.finish();
    criterion.final_summary();
}
