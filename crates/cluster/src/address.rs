//! Where a broker is, and who one is there.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::ConnectError;

/// Where a broker is, and who one is there. What it shows of itself, in whatever way, has no credential in it.
///
/// ```
/// use roomful_cluster::BrokerAddress;
///
/// let address = BrokerAddress::parse("nats://web:s3cret@one.example,two.example:4333")?;
/// assert_eq!(address.to_string(), "nats://one.example:4222,two.example:4333");
/// # Ok::<(), roomful_cluster::ConnectError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    pub(crate) kind: Kind,
    pub(crate) is_tls: bool,
    /// One at least.
    pub(crate) hosts: Vec<Host>,
    pub(crate) credentials: Option<Credentials>,
}

/// Whose protocol it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nats,
    Redis,
}

/// One machine of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// Who one is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Password {
        user: Option<String>,
        password: String,
    },
    /// What NATS calls a token.
    Token(String),
    /// The text of a NATS `.creds` file.
    Signed(String),
}

/// Each scheme, whose it is, whether it is TLS, and the port that is meant where none is named.
const SCHEMES: [(&str, Kind, bool, u16); 6] = [
    ("nats", Kind::Nats, false, 4222),
    ("tls", Kind::Nats, true, 4222),
    ("redis", Kind::Redis, false, 6379),
    ("rediss", Kind::Redis, true, 6379),
    ("valkey", Kind::Redis, false, 6379),
    ("valkeys", Kind::Redis, true, 6379),
];

impl BrokerAddress {
    /// Reads `scheme://[user[:password]@]host[:port][,host[:port]..]`. What has a meaning in a URL is percent-encoded in a user
    /// and a password. Several hosts are machines of one broker.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Address`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        Self::read(text).map_err(|what| ConnectError::Address { address: redacted(text), what })
    }

    fn read(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.trim().split_once("://").ok_or("it has no scheme")?;
        let lower = scheme.to_ascii_lowercase();
        let known = SCHEMES.iter().find(|(name, ..)| *name == lower);
        let (_, kind, is_tls, port) = *known.ok_or_else(|| format!("nothing is known of `{lower}://`"))?;
        // Lists of whole addresses are written, too: nats://a,nats://b.
        let parts = rest.split(',').map(|part| part.rsplit_once("://").map_or(part, |(_, part)| part));
        let urls = parts.map(|part| part_of(kind, part)).collect::<Result<Vec<_>, _>>()?;
        let credentials = urls.iter().find_map(|url| credentials_of(kind, url).transpose()).transpose()?;
        let hosts = urls.iter().map(|url| host_of(url, port)).collect::<Result<_, _>>()?;
        Ok(Self { kind, is_tls, hosts, credentials })
    }

    fn scheme(&self) -> &'static str {
        let mut schemes = SCHEMES.iter();
        schemes.find(|(_, kind, is_tls, _)| (*kind, *is_tls) == (self.kind, self.is_tls)).map_or("", |(name, ..)| name)
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        for (i, host) in self.hosts.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{host}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        if name.contains(':') { write!(f, "[{name}]:{port}") } else { write!(f, "{name}:{port}") }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// What stands in a file: a NATS `.creds`, or what would stand before the `@` of an address, as it is.
    pub(crate) fn read(kind: Kind, text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("there is nothing in it");
        }
        if text.starts_with("-----BEGIN") {
            let of_nats = kind == Kind::Nats;
            return if of_nats { Ok(Self::Signed(text.to_owned())) } else { Err("Redis takes user:password") };
        }
        if text.contains(char::is_whitespace) {
            return Err("it is neither user:password on one line nor a .creds file of NATS");
        }
        Ok(match text.split_once(':') {
            Some((user, password)) => Self::of(user.to_owned(), Some(password.to_owned()), kind),
            None => Self::of(text.to_owned(), None, kind),
        })
    }

    fn of(user: String, password: Option<String>, kind: Kind) -> Self {
        match (password, kind) {
            (Some(password), _) => Self::Password { user: Some(user).filter(|user| !user.is_empty()), password },
            (None, Kind::Nats) => Self::Token(user),
            (None, Kind::Redis) => Self::Password { user: None, password: user },
        }
    }
}

/// All of them are read as if they were of one scheme, which the URL standard gives no meaning to.
fn part_of(kind: Kind, part: &str) -> Result<Url, String> {
    let scheme = if kind == Kind::Nats { "nats" } else { "redis" };
    let url = Url::parse(&format!("{scheme}://{part}")).map_err(|error| error.to_string())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("nothing is known of what stands behind `?` or `#`".to_owned());
    }
    // Redis' number of a database, which messages do not have.
    let path = url.path().trim_matches('/');
    let is_number = kind == Kind::Redis && path.bytes().all(|b| b.is_ascii_digit());
    if !path.is_empty() && !is_number {
        return Err("nothing is known of what stands behind the host".to_owned());
    }
    Ok(url)
}

fn credentials_of(kind: Kind, url: &Url) -> Result<Option<Credentials>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| "its user or password is no UTF-8")?;
        Ok::<_, String>(text.into_owned())
    };
    let (user, password) = (decoded(url.username())?, url.password().map(decoded).transpose()?);
    Ok(Some(Credentials::of(user, password, kind)))
}

fn host_of(url: &Url, port: u16) -> Result<Host, String> {
    let name = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
    let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    match url.port().unwrap_or(port) {
        0 => Err("no broker has the port 0".to_owned()),
        port => Ok(Host { name, port }),
    }
}

/// What can be shown of a text that may hold a password anywhere before its last `@`.
fn redacted(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or_else(|| rest.to_owned(), |(_, rest)| format!("…@{rest}"));
    let shown = rest.split(['?', '#']).next().unwrap_or_default();
    let separator = if text.contains("://") { "://" } else { "" };
    let scheme = if scheme.contains('@') { "…" } else { scheme };
    format!("{scheme}{separator}{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: Option<&str>, password: &str) -> Option<Credentials> {
        Some(Credentials::Password { user: user.map(str::to_owned), password: password.to_owned() })
    }

    #[test]
    fn an_address_is_a_scheme_hosts_and_who_one_is() {
        let token = |token: &str| Some(Credentials::Token(token.to_owned()));
        for (text, shown, credentials) in [
            ("nats://localhost", "nats://localhost:4222", None),
            ("NATS://127.0.0.1:1/", "nats://127.0.0.1:1", None),
            ("tls://h", "tls://h:4222", None),
            ("nats://a,b:2,nats://c", "nats://a:4222,b:2,c:4222", None),
            ("nats://tok%2Fen@h", "nats://h:4222", token("tok/en")),
            ("nats://u:p%40%3A%C3%A4@h:9", "nats://h:9", password(Some("u"), "p@:ä")),
            ("nats://a,u:p@b", "nats://a:4222,b:4222", password(Some("u"), "p")),
            ("redis://h", "redis://h:6379", None),
            ("redis://:p@h/2", "redis://h:6379", password(None, "p")),
            ("redis://u:p@[::1]:7", "redis://[::1]:7", password(Some("u"), "p")),
            ("rediss://p@h", "rediss://h:6379", password(None, "p")),
            ("valkey://h", "redis://h:6379", None),
            ("valkeys://h", "rediss://h:6379", None),
            (" nats://h\n", "nats://h:4222", None),
        ] {
            let address = BrokerAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((address.to_string().as_str(), &address.credentials), (shown, &credentials), "{text}");
            assert_eq!(format!("{address:?}"), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_named_without_its_credentials() {
        for (text, shown, what) in [
            ("", "", "it has no scheme"),
            ("localhost:4222", "localhost:4222", "it has no scheme"),
            ("u:s3cret@h", "…@h", "it has no scheme"),
            ("amqp://u:s3cret@h", "amqp://…@h", "nothing is known of `amqp://`"),
            ("nats://", "nats://", "it has no host"),
            ("nats://u:s3cret@", "nats://…@", "empty host"),
            ("nats://u:s3/cret@h", "nats://…@h", "invalid port number"),
            ("nats://h:99999", "nats://h:99999", "invalid port number"),
            ("nats://h:0", "nats://h:0", "no broker has the port 0"),
            ("nats://u:s3cret@h,", "nats://…@h,", "it has no host"),
            ("nats://h/x", "nats://h/x", "nothing is known of what stands behind the host"),
            ("redis://h/x", "redis://h/x", "nothing is known of what stands behind the host"),
            ("redis://h?password=s3cret", "redis://h", "nothing is known of what stands behind `?` or `#`"),
            ("redis://%ff:s3cret@h", "redis://…@h", "its user or password is no UTF-8"),
        ] {
            let error = BrokerAddress::parse(text).expect_err(text);
            let (shown, what) = (shown.to_owned(), what.to_owned());
            assert_eq!(error, ConnectError::Address { address: shown, what }, "{text}");
            assert!(!error.to_string().contains("s3"), "{error}");
        }
    }

    #[test]
    fn a_file_has_what_an_address_would() {
        let creds = "-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------";
        for (kind, text, credentials) in [
            (Kind::Redis, "u:p@:/\n", Ok(password(Some("u"), "p@:/").unwrap())),
            (Kind::Redis, ":p", Ok(password(None, "p").unwrap())),
            (Kind::Redis, "p", Ok(password(None, "p").unwrap())),
            (Kind::Nats, "t", Ok(Credentials::Token("t".to_owned()))),
            (Kind::Nats, creds, Ok(Credentials::Signed(creds.to_owned()))),
            (Kind::Redis, creds, Err("Redis takes user:password")),
            (Kind::Nats, " \n", Err("there is nothing in it")),
            (Kind::Nats, "u: p", Err("it is neither user:password on one line nor a .creds file of NATS")),
        ] {
            assert_eq!(Credentials::read(kind, text), credentials, "{text}");
        }
        assert_eq!(format!("{:?}", password(None, "p")), "Some(Credentials(…))");
    }
}
