//! Which script of the activation a shell is in.

/// What begins each snippet in `TOPLEVEL/activate`.
const HEADLINE: &str = "#### Activation script snippet ";

/// Returns the name of the snippet that a shell is in which has read this many bytes of `TOPLEVEL/activate`.
///
/// A shell gives back what it has read ahead before it starts a program, so that the position of its file is the end of
/// the command that it is at.
pub fn snippet_at(script: &[u8], read: u64) -> Option<String> {
    let read = usize::try_from(read).unwrap_or(usize::MAX).min(script.len());
    let text = String::from_utf8_lossy(&script[..read]);
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(HEADLINE));
    // The shell of a snippet that is left out says so in the same words.
    let name = lines.filter_map(|line| line.strip_suffix(':')).next_back()?;
    let name: String = diag::clean_line(name).chars().take(super::MOST_TEXT).collect();
    (!name.is_empty()).then_some(name)
}
