//! `cfgcheck verdict keygen`: a new key.

use crate::exit;
use crate::machine::Machine;
use crate::stream::{complain, say};
use clap::Args;
use deploy::verdict::{KeyError, SecretKey};
use std::path::PathBuf;
use sys::{FsError, FsOp, Mode};

/// Arguments of `cfgcheck verdict keygen`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cfgcheck verdict keygen fleet-1                  the secret half into fleet-1.key, the public one to standard output
  cfgcheck verdict keygen fleet-1 --to ~/keys/fleet-1.key
")]
pub struct KeygenArgs {
    /// The key's name, such as `fleet-1`: another one for each key, so that one can follow another.
    name: String,
    /// The file of the secret half, which must not be there yet [default: NAME.key].
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Runs the command and returns its exit code.
pub fn run(machine: &Machine, args: &KeygenArgs) -> u8 {
    let key = match SecretKey::generate(&args.name) {
        Ok(key) => key,
        Err(error) => {
            complain(&format!("error: {error}"));
            let is_of_machine = matches!(error, KeyError::Random(_));
            return if is_of_machine { exit::CANNOT_START } else { exit::USAGE };
        }
    };
    let path = args.to.clone().unwrap_or_else(|| format!("{}.key", args.name).into());
    // A file that is there may be a key that is in use.
    let written = machine.fs.create(&path, Mode::Private).and_then(|mut file| {
        let text = key.to_text() + "\n";
        let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
        written.map_err(|error| FsError::new(FsOp::Write, &path, error))
    });
    if let Err(error) = written {
        complain(&format!("error: {error}"));
        return exit::CANNOT_START;
    }
    say(format!("{}\n", key.public()).as_bytes());
    complain(&format!(
        "the secret half is in '{}', for the job that signs and for nobody else; the line above belongs into the policy of \
         each host, under `require.verdict.keys`",
        path.display()
    ));
    exit::CLEAN
}
