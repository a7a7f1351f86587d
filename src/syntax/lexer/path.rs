//! Tokens of paths, and of URIs, which start alike: where a path ends is known only at its last part,
//! as `${…}` may stand in it.

use super::{Lexer, Mode};
use crate::chars::{is_path, is_uri, path_end};
use crate::token::{Kind, Token};

impl Lexer<'_> {
    /// Measures the run of path bytes here: `run_end` is then its end.
    pub(super) fn measure_run(&mut self) {
        let at = self.at;
        if self.run_start <= at && at < self.run_end {
            return;
        }
        self.run_start = at;
        self.run_end = path_end(self.text, at);
    }

    /// Returns where the last underscore in the present run is.
    fn last_underscore(&mut self) -> Option<usize> {
        if self.underscore.1 != self.run_end {
            let last = memchr::memrchr(b'_', &self.text[self.run_start..self.run_end]);
            self.underscore = (last.map(|n| self.run_start + n), self.run_end);
        }
        self.underscore.0
    }

    #[inline(never)]
    pub(super) fn path_or_uri(&mut self) -> Option<Token> {
        self.measure_run();
        let (at, end) = (self.at, self.run_end);
        match self.peek(end) {
            b'/' => self.path(),
            b':' if self.text[at].is_ascii_alphabetic()
                && self.last_underscore().is_none_or(|underscore| underscore < at)
                && end + 1 < self.text.len()
                && is_uri(self.text[end + 1]) =>
            {
                let rest = &self.text[end + 1..];
                let length = rest.iter().position(|&b| !is_uri(b)).unwrap_or(rest.len());
                Some(self.take(Kind::Uri, end + 1 + length))
            }
            _ => None,
        }
    }

    /// Returns the path token that starts here, if one does.
    #[inline(never)]
    pub(super) fn path(&mut self) -> Option<Token> {
        self.measure_run();
        let end = self.run_end;
        if self.peek(end) != b'/' {
            return None;
        }
        if is_path(self.peek(end + 1)) {
            let end = self.parts_end(end);
            return Some(self.path_token(Kind::Path, end));
        }
        if self.peek(end + 1) == b'$' && self.peek(end + 2) == b'{' {
            return Some(self.path_token(Kind::Path, end + 1));
        }
        None
    }

    /// Returns the end of the slashes and parts that start at the slash at `at`.
    pub(super) fn parts_end(&self, mut at: usize) -> usize {
        while self.peek(at) == b'/' {
            at += 1;
            if !is_path(self.peek(at)) {
                break;
            }
            at = path_end(self.text, at);
        }
        at
    }

    pub(super) fn path_token(&mut self, kind: Kind, end: usize) -> Token {
        let mode = if self.text[end - 1] == b'/' {
            Mode::PathSlash
        } else {
            Mode::Path
        };
        self.push(mode);
        self.take(kind, end)
    }

    pub(super) fn home_path(&mut self) -> Token {
        let at = self.at;
        if is_path(self.peek(at + 2)) {
            let end = self.parts_end(at + 1);
            return self.path_token(Kind::HomePath, end);
        }
        if self.peek(at + 2) == b'$' && self.peek(at + 3) == b'{' {
            return self.path_token(Kind::HomePath, at + 2);
        }
        self.take(Kind::Invalid, at + 1)
    }

    /// A part of a path after its start, or the end of the path.
    pub(super) fn path_part(&mut self) -> Token {
        let at = self.at;
        if self.peek(at) == b'$' && self.peek(at + 1) == b'{' {
            self.mode = Mode::Path;
            self.push(Mode::Code);
            return self.take(Kind::DollarBrace, at + 2);
        }
        let mut end = path_end(self.text, at);
        if self.peek(end) == b'/' {
            end = self.parts_end(end);
        }
        if end > at {
            self.mode = if self.text[end - 1] == b'/' {
                Mode::PathSlash
            } else {
                Mode::Path
            };
            return self.take(Kind::Str, end);
        }
        let at_end = at >= self.text.len();
        if self.mode == Mode::PathSlash {
            let place = if at_end { self.last as usize } else { at };
            return self.refuse(place, at, "path has a trailing slash".into());
        }
        self.pop();
        if at_end {
            // Here Nix's lexer winds its location back by one match too many, and the end of the file
            // seems to lie at the start of the last one.
            self.end(self.last as usize);
            return Token::new(Kind::PathEnd, self.before as usize, at);
        }
        Token::new(Kind::PathEnd, self.last as usize, at)
    }

    pub(super) fn search_path(&mut self) -> Token {
        let start = self.at;
        let mut at = start + 1;
        loop {
            let part = at;
            while is_path(self.peek(at)) {
                at += 1;
            }
            if at == part {
                break;
            }
            match self.peek(at) {
                b'/' => at += 1,
                b'>' => return self.take(Kind::SearchPath, at + 1),
                _ => break,
            }
        }
        self.take(Kind::Less, start + 1)
    }
}
