//! The writer behind `toXML`: elements, attributes and their layout, as Nix's XML writer lays them out.

/// An XML document under construction; each element stands on its own line, indented by two spaces a level.
#[derive(Debug)]
pub struct XmlWriter {
    out: Vec<u8>,
    open: Vec<&'static str>,
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl XmlWriter {
    /// A document that has its declaration and no element yet.
    pub fn new() -> XmlWriter {
        XmlWriter {
            out: b"<?xml version='1.0' encoding='utf-8'?>\n".to_vec(),
            open: Vec::new(),
        }
    }

    /// Starts an element; what is written until its [`close`](Self::close) is inside of it.
    ///
    /// Attributes are written in the order given: Nix keeps them in a sorted map, so callers pass them sorted by name.
    pub fn open(&mut self, name: &'static str, attributes: &[(&str, &[u8])]) {
        self.start(name, attributes);
        self.out.extend_from_slice(b">\n");
        self.open.push(name);
    }

    /// Ends the innermost open element; does nothing when none is open.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b">\n");
        }
    }

    /// Writes an element without content.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&str, &[u8])]) {
        self.start(name, attributes);
        self.out.extend_from_slice(b" />\n");
    }

    /// The bytes of the document, after every element that is still open has been closed.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &[u8])]) {
        self.indent();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        for (key, value) in attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(key.as_bytes());
            self.out.extend_from_slice(b"=\"");
            push_escaped(&mut self.out, value);
            self.out.push(b'"');
        }
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n(b' ', 2 * self.open.len()));
    }
}

/// Appends an attribute's value with `"`, `<`, `>`, `&` and newline replaced; every other byte stays as it is.
///
/// Newlines are replaced because a reader would turn them into spaces (XML 1.0, section 3.3.3).
pub fn push_escaped(out: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        match byte {
            b'"' => out.extend_from_slice(b"&quot;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'\n' => out.extend_from_slice(b"&#xA;"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lays_out_elements() {
        let mut xml = XmlWriter::new();
        xml.open("expr", &[]);
        xml.open("attr", &[("name", b"a"), ("path", b"/x<y>&\"\n'")]);
        xml.empty("int", &[("value", b"1")]);
        xml.close();
        xml.empty("null", &[]);
        let expected = "<?xml version='1.0' encoding='utf-8'?>\n\
                        <expr>\n  \
                          <attr name=\"a\" path=\"/x&lt;y&gt;&amp;&quot;&#xA;'\">\n    \
                            <int value=\"1\" />\n  \
                          </attr>\n  \
                          <null />\n\
                        </expr>\n";
        assert_eq!(String::from_utf8(xml.finish()).unwrap(), expected);
    }

    #[test]
    fn closing_too_often_is_harmless() {
        let mut xml = XmlWriter::default();
        xml.close();
        assert_eq!(xml.finish(), XmlWriter::new().finish());
    }

    proptest! {
        #[test]
        fn escaped_text_has_no_markup(value in proptest::collection::vec(any::<u8>(), 0..30)) {
            let mut out = Vec::new();
            push_escaped(&mut out, &value);
            prop_assert!(!out.iter().any(|byte| b"\"<>\n".contains(byte)));
        }
    }
}
