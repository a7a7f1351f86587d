//! The caches that builds ask: those of this machine's Nix, or of the command line.

use super::args::EngineArgs;
use crate::machine::Machine;
use crate::session::{certificates, nix_settings};
use ::vm::substitute::{Asked, Door, FolderDoor, Settings, Source, Substituters};
use flake::fetch::{Client, Netrc};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Returns the caches that are asked, and what of the settings cannot be followed; no caches if none shall be asked.
/// Without the network only those in folders are.
pub fn substituters(
    machine: &Machine,
    args: &EngineArgs,
    netrc: Netrc,
    offline: bool,
) -> (Option<Substituters>, Vec<String>) {
    if args.no_substitute {
        return (None, Vec::new());
    }
    let asked = Asked {
        caches: args.substituter.clone(),
        keys: args.trusted_public_key.clone(),
    };
    let settings = Settings::of(&nix_settings(machine), &asked);
    let client = Arc::new(Client::new(certificates(machine)().as_deref(), netrc));
    let sources = settings.caches.into_iter().filter_map(|cache| {
        let door: Box<dyn Door> = match cache.url.strip_prefix("file://") {
            Some(folder) => Box::new(FolderDoor {
                fs: machine.fs.clone(),
                folder: PathBuf::from(folder),
            }),
            None if offline => return None,
            None => Box::new(HttpDoor {
                client: client.clone(),
                url: cache.url.clone(),
            }),
        };
        Some(Source {
            url: cache.url,
            priority: cache.priority,
            door,
        })
    });
    let sources: Vec<Source> = sources.collect();
    let substituters = (!sources.is_empty()).then(|| Substituters::new(sources, settings.keys));
    (substituters, settings.notes)
}

/// The door to a cache over HTTP.
struct HttpDoor {
    client: Arc<Client>,
    url: String,
}

impl Door for HttpDoor {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, String> {
        let url = format!("{}/{path}", self.url);
        let answer = self.client.open(&url).map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            // Stores of others say "forbidden" of what is not there.
            403 | 404 | 410 => Ok(None),
            status => Err(format!("unable to download '{url}': HTTP error {status}")),
        }
    }
}
