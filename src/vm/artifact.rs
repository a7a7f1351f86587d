//! What is kept of a run for people to look at: logs, journals, pictures.

/// Something kept of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Artifact {
    /// Its name, which is fit for a file's: letters, digits, `-`, `_` and `.`, and no `.` at its beginning.
    pub name: String,
    /// What the bytes are, such as `text/plain`.
    pub media_type: &'static str,
    /// The bytes. Text is as the guest wrote it: neither harmless to print nor free of secrets.
    pub bytes: Vec<u8>,
}
