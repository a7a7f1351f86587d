//! What a binary cache says of a store path: `HASH.narinfo`, lines of `Key: value`.

use std::collections::BTreeSet;

use store::StorePath;

use super::PathInfo;

/// The longest text that is read, in bytes: 1 MiB. One of a path with ten thousand references takes 600 KB.
pub const LONGEST: usize = 1 << 20;

/// Why a text is no narinfo of a path.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NarInfoError {
    /// It is longer than any honest one.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// It is not text.
    #[error("it is not UTF-8")]
    NotText,
    /// A line has no colon.
    #[error("line {0} is no `Key: value`")]
    Line(usize),
    /// A field that must be there is not.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A field has a value that it cannot have, or is there twice.
    #[error("`{0}` is wrong")]
    Wrong(&'static str),
    /// It is that of another path.
    #[error("it is that of `{0}`")]
    OtherPath(String),
}

/// Returns what the narinfo of a path says.
pub fn parse(text: &[u8], path: &StorePath) -> Result<PathInfo, NarInfoError> {
    if text.len() > LONGEST {
        return Err(NarInfoError::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| NarInfoError::NotText)?;
    let (mut own, mut size, mut references) = (None, None, None);
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() {
            continue;
        }
        let (key, value) = line.split_once(':').ok_or(NarInfoError::Line(number + 1))?;
        let value = value.trim();
        match key {
            "StorePath" => set(&mut own, "StorePath", value)?,
            "NarSize" => set(&mut size, "NarSize", value)?,
            "References" => set(&mut references, "References", value)?,
            // What tells how to download it, and who signed it.
            _ => {}
        }
    }
    let own = own.ok_or(NarInfoError::Missing("StorePath"))?;
    if own != path.to_path() {
        return Err(NarInfoError::OtherPath(own.chars().take(300).collect()));
    }
    let size = size.ok_or(NarInfoError::Missing("NarSize"))?;
    let is_number = size.bytes().all(|b| b.is_ascii_digit());
    let size = is_number.then(|| size.parse::<u64>().ok()).flatten();
    let size = size.filter(|size| *size > 0).ok_or(NarInfoError::Wrong("NarSize"))?;
    let names = references.unwrap_or_default().split_whitespace();
    let references = names.map(|name| StorePath::from_base_name(name).map_err(|_| NarInfoError::Wrong("References")));
    Ok(PathInfo {
        size,
        references: references.collect::<Result<BTreeSet<_>, _>>()?,
    })
}

fn set<'t>(field: &mut Option<&'t str>, name: &'static str, value: &'t str) -> Result<(), NarInfoError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(NarInfoError::Wrong(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello";
    const OTHER: &str = "iygbl2ylbsdn3cakmhp9viikxgm6i2c3-glibc";

    fn read(text: &str) -> Result<(u64, Vec<String>), NarInfoError> {
        let info = parse(text.as_bytes(), &StorePath::parse(HELLO).unwrap())?;
        let references = info.references.iter().map(|path| path.base_name().to_owned());
        Ok((info.size, references.collect()))
    }

    #[test]
    fn a_narinfo_says_size_and_references() {
        let text = format!(
            "StorePath: {HELLO}\nURL: nar/1.nar.xz\nCompression: xz\nFileHash: sha256:1\nFileSize: 100\n\
             NarHash: sha256:2\nNarSize: 226560\nReferences: {OTHER} ldvc6np676qvhflm7645kq27lpa2gnxc-hello\nSig: a:b\n"
        );
        let both = vec![OTHER.to_owned(), "ldvc6np676qvhflm7645kq27lpa2gnxc-hello".to_owned()];
        assert_eq!(read(&text), Ok((226_560, both)));
        assert_eq!(
            read(&format!("StorePath: {HELLO}\nNarSize: 96\nReferences: \n")),
            Ok((96, vec![]))
        );
        assert_eq!(read(&format!("NarSize: 96\nStorePath: {HELLO}\n")), Ok((96, vec![])));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let check = |text: &str, expected: NarInfoError| assert_eq!(read(text), Err(expected), "{text}");
        let own = format!("StorePath: {HELLO}\n");
        check("", NarInfoError::Missing("StorePath"));
        check("<html>", NarInfoError::Line(1));
        check(&own, NarInfoError::Missing("NarSize"));
        check(&format!("{own}NarSize: -5\n"), NarInfoError::Wrong("NarSize"));
        check(&format!("{own}NarSize: 0\n"), NarInfoError::Wrong("NarSize"));
        check(
            &format!("{own}NarSize: 99999999999999999999\n"),
            NarInfoError::Wrong("NarSize"),
        );
        check(
            &format!("{own}NarSize: 1\nNarSize: 2\n"),
            NarInfoError::Wrong("NarSize"),
        );
        check(
            &format!("{own}NarSize: 1\nReferences: ../etc\n"),
            NarInfoError::Wrong("References"),
        );
        let other = format!("/nix/store/{OTHER}");
        check(
            &format!("StorePath: {other}\nNarSize: 1\n"),
            NarInfoError::OtherPath(other),
        );
        let path = StorePath::parse(HELLO).unwrap();
        assert_eq!(parse(b"\xff", &path), Err(NarInfoError::NotText));
        assert_eq!(parse(&vec![b'\n'; LONGEST + 1], &path), Err(NarInfoError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes, &StorePath::parse(HELLO).unwrap());
        }

        #[test]
        fn no_lines_panic(lines in "((StorePath|NarSize|References|Sig|é)(: ?|)([0-9a-z/ -]{0,50}|/nix/store/ldvc6np676qvhflm7645kq27lpa2gnxc-hello)\n){0,6}") {
            let _ = read(&lines);
        }

        #[test]
        fn what_is_written_is_read(size in 1u64.., count in 0usize..4) {
            let references: Vec<String> = (0..count).map(|i| format!("iygbl2ylbsdn3cakmhp9viikxgm6i2c3-lib-{i}")).collect();
            let text = format!("StorePath: {HELLO}\nNarSize: {size}\nReferences: {}\n", references.join(" "));
            proptest::prop_assert_eq!(read(&text), Ok((size, references)));
        }
    }
}
