//! `netrc`: user names and passwords by host, as curl reads them.

/// A user name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// The host; `None` for the `default` entry.
    pub machine: Option<String>,
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// The logins of a `netrc` file in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Netrc(pub Vec<Login>);

impl Netrc {
    /// Returns the logins of a file's text; what is not understood is left out, as in curl.
    pub fn parse(text: &str) -> Netrc {
        let mut logins: Vec<Login> = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                match word {
                    "machine" => {
                        logins.push(Login {
                            machine: words.next().map(str::to_owned),
                            ..Login::default()
                        });
                    }
                    "default" => logins.push(Login::default()),
                    "login" | "password" => {
                        let (Some(value), Some(login)) = (words.next(), logins.last_mut()) else {
                            continue;
                        };
                        let value = value.trim_matches('"').to_owned();
                        if word == "login" {
                            login.user = value
                        } else {
                            login.password = value
                        }
                    }
                    "account" => {
                        words.next();
                    }
                    // A macro goes on to the next empty line.
                    "macdef" => {
                        for line in lines.by_ref() {
                            if line.trim().is_empty() {
                                break;
                            }
                        }
                        break;
                    }
                    _ if word.starts_with('#') => break,
                    _ => {}
                }
            }
        }
        Netrc(logins)
    }

    /// Returns the user name and password for a host: the first entry of that name, else `default`.
    pub fn login(&self, host: &str) -> Option<(&str, &str)> {
        let of = |machine: Option<&str>| self.0.iter().find(|login| login.machine.as_deref() == machine);
        of(Some(host))
            .or_else(|| of(None))
            .map(|login| (login.user.as_str(), login.password.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins() {
        let text = "# mine\nmachine a.example login u password p\nmachine b.example\n\tlogin v\n\tpassword \"q\"\n\
                    macdef init\nmachine c login x\n\nmachine d login y account z password w\n";
        let netrc = Netrc::parse(text);
        assert_eq!(netrc.login("a.example"), Some(("u", "p")));
        assert_eq!(netrc.login("b.example"), Some(("v", "q")));
        assert_eq!(netrc.login("c"), None);
        assert_eq!(netrc.login("d"), Some(("y", "w")));
        assert_eq!(
            Netrc::parse("default login x password y").login("any"),
            Some(("x", "y"))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(machine|default|login|password|macdef| |\n|\"|#|a){0,20}") {
            let _ = Netrc::parse(&text).login("a");
        }
    }
}
