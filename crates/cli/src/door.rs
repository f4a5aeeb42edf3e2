//! Where to connect, to which room, and as whom.

mod address;
mod secret;

use std::collections::BTreeMap;

use clap::Args;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header};

use crate::failure::Failure;

pub(crate) use address::Address;
use secret::Given;

/// What every command that connects is told.
#[derive(Debug, Args)]
pub(crate) struct DoorArgs {
    /// The address: of a room, as the browser has it (wss://host/__sockets?m=..&s=..&r=..), or of the server (https://host), with --room and --key
    url: String,
    /// The module and the name of the room
    #[arg(long, value_name = "MODULE/NAME")]
    room: Option<String>,
    /// A part of the room's key; may be given several times
    #[arg(long = "key", value_name = "NAME=VALUE")]
    keys: Vec<String>,
    /// Speak the plain dialect: no session, no answers
    #[arg(long)]
    pub(crate) plain: bool,
    /// A header of the handshake, or @FILE with some, one a line; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The cookies, as a browser sends them (`a=1; b=2`), or @FILE
    #[arg(long, value_name = "COOKIES", env = "ROOMFUL_COOKIE", hide_env_values = true)]
    cookie: Option<Given>,
    /// What `upgrade.credentials()` is to say, or @FILE. Neither the address nor a log of it has it
    #[arg(long, value_name = "TEXT", env = "ROOMFUL_CREDENTIALS", hide_env_values = true)]
    credentials: Option<Given>,
    /// The origin of the page that a browser would name; none when not given, as what is no browser
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
}

/// What a handshake asks for.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: Address,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) credentials: Option<String>,
    /// The plain dialect is asked for.
    pub(crate) is_plain: bool,
}

impl DoorArgs {
    /// Reads it, the files that it names too.
    ///
    /// # Errors
    ///
    /// When a part of it says nothing, or contradicts another.
    pub(crate) fn door(&self) -> Result<Door, Failure> {
        let mut address = Address::parse(&self.url)?;
        if let Some(room) = &self.room {
            let (module, name) = room
                .split_once('/')
                .filter(|(module, name)| !module.is_empty() && !name.is_empty())
                .ok_or_else(|| {
                Failure::new(
                    format_args!("--room {room} is no room"),
                    "give the module and the name that the app registers it with, as `--room board/cursors`",
                )
            })?;
            address.select(module, name)?;
        }
        if !self.keys.is_empty() {
            address.set_key(&self.key()?)?;
        }
        Ok(Door { address, headers: self.headers()?, credentials: self.credentials()?, is_plain: self.plain })
    }

    fn key(&self) -> Result<BTreeMap<&str, &str>, Failure> {
        let pairs = self.keys.iter().map(|pair| {
            pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                Failure::new(
                    format_args!("--key {pair} has no name"),
                    "give each part of the key by its name, as `--key boardId=main`",
                )
            })
        });
        pairs.collect()
    }

    fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
        let mut headers = Vec::new();
        for given in &self.headers {
            let given = secret::read(given, "--header")?;
            for line in given.lines().filter(|line| !line.trim().is_empty()) {
                headers.push(named_header(line)?);
            }
        }
        if let Some(cookie) = &self.cookie {
            headers.push((header::COOKIE, value(&cookie.read("--cookie")?, "--cookie")?));
        }
        if let Some(origin) = &self.origin {
            headers.push((header::ORIGIN, value(origin, "--origin")?));
        }
        Ok(headers)
    }

    fn credentials(&self) -> Result<Option<String>, Failure> {
        self.credentials.as_ref().map(|given| given.read("--credentials")).transpose()
    }
}

/// # Errors
///
/// When the address says of no room.
pub(crate) fn require_room(address: &Address) -> Result<(), Failure> {
    if address.has_room() {
        return Ok(());
    }
    Err(Failure::new(
        format_args!("{address} says of no room"),
        "name it with --room MODULE/NAME and --key NAME=VALUE, or give the whole address with its `m`, `s` and `r`",
    ))
}

/// What the handshake says itself.
const OURS: [HeaderName; 7] = [
    header::CONNECTION,
    header::HOST,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::UPGRADE,
];

/// Nothing of what was given is in an error: it may be a secret.
fn named_header(line: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let malformed =
        || Failure::new("a --header is none", "give its name, a colon and its value, as `--header 'x-team: red'`");
    let (name, text) = line.split_once(':').ok_or_else(malformed)?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| malformed())?;
    if OURS.contains(&name) {
        return Err(Failure::new(
            format_args!("--header {name}: the handshake says that itself"),
            "leave it out; there are options for the credentials and for the dialect",
        ));
    }
    let value = value(text.trim(), "--header")?;
    Ok((name, value))
}

fn value(text: &str, option: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        Failure::new(format_args!("{option}: a header cannot say this"), "leave out line breaks and control characters")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        door: DoorArgs,
    }

    fn door(args: &[&str]) -> Result<Door, String> {
        let args = ["roomful"].iter().chain(args);
        Only::try_parse_from(args).unwrap().door.door().map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_room_is_in_the_address_or_in_the_options_and_not_in_both() {
        let whole = "wss://example.com/ws?m=board&s=cursors&r=%7B%22boardId%22%3A%22a%2Fb%22%7D";
        assert_eq!(door(&[whole]).unwrap().address.target(), whole.strip_prefix("wss://example.com").unwrap());
        let parts = ["https://example.com", "--room", "board/cursors", "--key", "boardId=a b", "--key", "x=1=2"];
        assert_eq!(
            door(&parts).unwrap().address.target(),
            "/__sockets?m=board&s=cursors&r=%7B%22boardId%22%3A%22a+b%22%2C%22x%22%3A%221%3D2%22%7D"
        );
        for twice in [&[whole, "--room", "a/b"][..], &[whole, "--key", "a=b"]] {
            assert!(door(twice).unwrap_err().contains("twice"), "{twice:?}");
        }
        for wrong in ["board", "/cursors", "board/"] {
            assert!(door(&["ws://a", "--room", wrong]).unwrap_err().contains("`--room board/cursors`"), "{wrong}");
        }
        assert!(door(&["ws://a", "--room", "a/b", "--key", "main"]).unwrap_err().contains("--key main has no name"));
    }

    #[test]
    fn no_error_repeats_what_may_be_a_secret() {
        for args in [
            ["--header", "hunter2"],
            ["--header", "x: hunter2\u{1}"],
            ["--cookie", "hunter2\n"],
            ["--header", "h:hunter2\u{7f}"],
        ] {
            let error = door(&["ws://a", args[0], args[1]]).unwrap_err();
            assert!(error.contains(args[0]) && !error.contains("hunter2"), "{error}");
        }
        assert!(door(&["ws://a", "--header", "Upgrade: h2c"]).unwrap_err().contains("the handshake says that itself"));
        let shown = format!("{:?}", door(&["ws://a", "--header", "x: hunter2", "--cookie", "hunter2"]).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
