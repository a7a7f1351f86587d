//! The network behind a trait, and the real one.
//!
//! A request of a judged flake connects to public addresses only: the resolver is ours, and it is
//! asked again for each redirect. The environment's proxies are not used.

use crate::trust::{Policy, Refused, Voice};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Most bytes of one answer: 2 GiB.
const MAX_BODY: u64 = 2 << 30;

/// Redirects followed, at most.
const MAX_REDIRECTS: u32 = 20;

/// What to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The URL: `http` or `https`.
    pub url: String,
    /// Headers. `Authorization` is not sent on to another host.
    pub headers: Vec<(String, String)>,
    /// Who asks.
    pub voice: Voice,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status; 200 and 304 are the ones that matter.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// All URLs that led to the answer, the requested one first.
    pub urls: Vec<String>,
    /// The answer.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the URL of a `Link: <…>; rel="immutable"` header.
    pub fn immutable_link(&self) -> Option<String> {
        let links = self.headers.iter().filter(|(name, _)| name == "link");
        links.flat_map(|(_, value)| value.split(',')).find_map(|link| {
            let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            let is_immutable = parameters
                .split(';')
                .any(|p| p.trim() == "rel=\"immutable\"" || p.trim() == "rel=immutable");
            is_immutable.then(|| url.to_owned())
        })
    }
}

/// Why a download failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The server answered with another status than success.
    #[error("unable to download '{url}': HTTP error {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// There was no answer, or not all of it.
    #[error("unable to download '{url}': {why}")]
    Failed {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// The host has no address.
    #[error("unable to resolve '{host}': {why}")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// The address is one that a flake may not reach.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Gets what a URL leads to.
pub trait Transport: Send + Sync {
    /// Returns the answer, whatever its status, after following redirects.
    fn get(&self, request: &Request) -> Result<Response, HttpError>;

    /// Returns the addresses of a host.
    fn resolve(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, HttpError>;
}

/// Returns the text of a PEM file of certificate authorities; `None` if Mozilla's are to be believed.
type Certificates = Box<dyn Fn() -> Option<Vec<u8>> + Send + Sync>;

/// The real network.
pub struct UreqTransport {
    policy: Arc<Policy>,
    certificates: Certificates,
    /// How connections are made, once one is.
    config: OnceLock<ureq::config::Config>,
}

impl UreqTransport {
    /// Returns the network as a policy allows it, with Mozilla's certificate authorities.
    pub fn new(policy: Policy) -> UreqTransport {
        UreqTransport::with_certificates(policy, || None)
    }

    /// Returns the network as a policy allows it. `certificates` returns the text of a PEM file of certificate authorities (such as
    /// `NIX_SSL_CERT_FILE` names), or nothing for Mozilla's; it is asked at the first connection, as most runs need none.
    pub fn with_certificates(
        policy: Policy,
        certificates: impl Fn() -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> UreqTransport {
        UreqTransport {
            policy: Arc::new(policy),
            certificates: Box::new(certificates),
            config: OnceLock::new(),
        }
    }

    fn config(&self) -> &ureq::config::Config {
        let make = || configured((self.certificates)().as_deref()).build();
        self.config.get_or_init(make)
    }
}

/// Returns how connections are made. `certificates` is the text of a PEM file of certificate authorities; without one
/// Mozilla's are used.
pub(super) fn configured(certificates: Option<&[u8]>) -> ConfigBuilder<AgentScope> {
    use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
    let mut tls = TlsConfig::builder();
    if let Some(pem) = certificates {
        let own = parse_pem(pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let own: Vec<Certificate<'static>> = own.collect();
        tls = tls.root_certs(RootCerts::Specific(Arc::new(own)));
    }
    ureq::config::Config::builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(MAX_REDIRECTS)
        .save_redirect_history(true)
        .user_agent(concat!("cfgcheck/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_resolve(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(120)))
        .timeout_global(Some(Duration::from_secs(3600)))
        .tls_config(tls.build())
}

impl Transport for UreqTransport {
    fn get(&self, request: &Request) -> Result<Response, HttpError> {
        let refused = Arc::new(Mutex::new(None));
        let resolver = JudgedResolver {
            inner: DefaultResolver::default(),
            policy: self.policy.clone(),
            voice: request.voice,
            refused: refused.clone(),
        };
        // Made anew for each request, so that no connection of another voice is used again.
        let agent = ureq::Agent::with_parts(self.config().clone(), DefaultConnector::default(), resolver);
        let failed = |why: String| match refused.lock().expect("no panic while holding the refusal").take() {
            Some(refused) => HttpError::Refused(refused),
            None => HttpError::Failed {
                url: request.url.clone(),
                why,
            },
        };
        let mut call = agent.get(&request.url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let mut answer = call.call().map_err(|error| failed(error.to_string()))?;
        use ureq::ResponseExt;
        let urls = match answer.get_redirect_history() {
            Some(history) => history.iter().map(ToString::to_string).collect(),
            None => vec![request.url.clone()],
        };
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let status = answer.status().as_u16();
        let body = answer
            .body_mut()
            .with_config()
            .limit(MAX_BODY)
            .read_to_vec()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Response {
            status,
            headers,
            urls,
            body,
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, HttpError> {
        let fail = |why: String| HttpError::Resolve {
            host: host.to_owned(),
            why,
        };
        let found = (host, port)
            .to_socket_addrs()
            .map_err(|error| fail(error.to_string()))?;
        let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        if found.is_empty() {
            Err(fail("it has no address".into()))
        } else {
            Ok(found)
        }
    }
}

/// Resolves as the system does and lets only those addresses through that the policy allows.
#[derive(Debug)]
struct JudgedResolver {
    inner: DefaultResolver,
    policy: Arc<Policy>,
    voice: Voice,
    refused: Arc<Mutex<Option<Refused>>>,
}

impl Resolver for JudgedResolver {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        for address in found.iter() {
            // One private address among public ones is no accident either.
            if let Err(refused) = self
                .policy
                .check_address(uri.host().unwrap_or_default(), address.ip(), self.voice)
            {
                *self.refused.lock().expect("no panic while holding the refusal") = Some(refused);
                return Err(ureq::Error::HostNotFound);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immutable_links() {
        let with = |value: &str| Response {
            headers: vec![("link".into(), value.into())],
            ..Response::default()
        };
        let link = with("<https://h/x?rev=1>; rel=\"immutable\"").immutable_link();
        assert_eq!(link.as_deref(), Some("https://h/x?rev=1"));
        let second = with("<https://h/y>; rel=next, <https://h/x>; rel=\"immutable\"").immutable_link();
        assert_eq!(second.as_deref(), Some("https://h/x"));
        assert_eq!(with("<https://h/y>; rel=next").immutable_link(), None);
        assert_eq!(with("nonsense").immutable_link(), None);
    }
}
