//! Whether a page gets in, and another does not.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, header};

use super::examined::Examined;
use crate::client::{Malformed, NotOpened};

/// A host that there is nowhere: RFC 2606 says so.
const FOREIGN: HeaderValue = HeaderValue::from_static("https://roomful-doctor.invalid");

/// As Chromium and WebKit offer it.
const DEFLATE: HeaderValue = HeaderValue::from_static("permessage-deflate; client_max_window_bits");

/// Clocks that differ by less trouble nobody: what expires is renewed 25 s before.
const CLOCK: Duration = Duration::from_secs(20);

/// Gets in, however it takes; what had to be left out for that is a fault. The answer of the server that let it in.
pub(super) async fn enter(examined: &mut Examined) -> io::Result<Option<HeaderMap>> {
    let mut refused = None;
    loop {
        let began = Instant::now();
        let page = examined.page.is_some();
        match examined.open().await {
            Ok(opened) => {
                let took = began.elapsed().as_millis();
                examined.report.ok("handshake", format_args!("{} answers 101 in {took} ms", examined.door.address))?;
                sub_protocol(examined)?;
                own_origin(examined, refused)?;
                return Ok(Some(opened.headers));
            }
            Err(NotOpened::Answered(answer)) if answer.status == 403 && page => {
                refused = Some(examined.page());
                examined.page = None;
            }
            Err(NotOpened::Malformed(Malformed::NoSubProtocol)) if !examined.door.is_plain => {
                let error = NotOpened::Malformed(Malformed::NoSubProtocol);
                examined.report.fault("sub-protocol", &error, error.remedy())?;
                examined.door.is_plain = true;
            }
            Err(error) => {
                examined.report.fault("handshake", &error, error.remedy())?;
                return Ok(None);
            }
        }
    }
}

fn sub_protocol(examined: &mut Examined) -> io::Result<()> {
    if examined.door.is_plain {
        return examined.report.note("dialect", "plain: no session, no answers, no batches");
    }
    examined.report.ok("sub-protocol", "roomful.v1 is selected")
}

fn own_origin(examined: &mut Examined, refused: Option<String>) -> io::Result<()> {
    let Some(page) = refused else {
        return examined.report.ok("origin", format_args!("a page of {} gets in", examined.page()));
    };
    let host = examined.door.address.authority();
    examined.report.fault(
        "origin",
        format_args!("a page of {page} is refused (403); who names no origin gets in"),
        format_args!(
            "if {page} is where the page is: have what stands before the server pass `Host: {host}` on as it came (or `X-Forwarded-Host`), \
             or name the origin in `allowed_origins`. If the page is elsewhere, say where with --origin"
        ),
    )
}

pub(super) async fn foreign_origin(examined: &mut Examined) -> io::Result<()> {
    if examined.page.is_none() {
        return examined.report.note("foreign", "not tried, as no origin gets in");
    }
    match examined.open_with(None, &[(header::ORIGIN, FOREIGN)]).await {
        Ok(_) => examined.report.warn(
            "foreign",
            "a page of any site gets in, with the cookies of whoever opens it",
            "unless that is meant, take `any_origin()` away and name your pages in `allowed_origins`; and have nothing before the server \
             change `Origin` or `Sec-Fetch-Site`",
        ),
        Err(NotOpened::Answered(answer)) if answer.status == 403 => {
            examined.report.ok("foreign", "a page of another site is refused")
        }
        Err(error) => examined.report.warn("foreign", format_args!("a page of another site meets this: {error}"), error.remedy()),
    }
}

/// `plain`: the answer to who offered nothing.
pub(super) async fn compression(examined: &mut Examined, plain: &HeaderMap) -> io::Result<()> {
    if plain.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return examined.report.fault(
            "compression",
            "an extension is selected that was not offered; a browser ends such a connection",
            "have nothing before the server add `Sec-WebSocket-Extensions` to its answers",
        );
    }
    match examined.open_with(None, &[(header::SEC_WEBSOCKET_EXTENSIONS, DEFLATE)]).await {
        Ok(opened) => match opened.headers.get(header::SEC_WEBSOCKET_EXTENSIONS).map(HeaderValue::to_str) {
            Some(Ok(selected)) if selected.starts_with("permessage-deflate") => {
                examined.report.ok("compression", format_args!("on where a client offers it ({selected})"))
            }
            Some(_) => examined.report.fault(
                "compression",
                "an extension is selected that was not offered; a browser ends such a connection",
                "have nothing before the server change `Sec-WebSocket-Extensions`",
            ),
            None => examined.report.note("compression", "off; `Limits::compress_from_bytes` turns it on for a room"),
        },
        Err(error) => examined.report.fault(
            "compression",
            format_args!("who offers compression, as every browser does, does not get in: {error}"),
            "have nothing before the server change `Sec-WebSocket-Extensions`",
        ),
    }
}

pub(super) fn clock(examined: &mut Examined, answer: &HeaderMap) -> io::Result<()> {
    let date = answer
        .get(header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok());
    let Some(theirs) = date else {
        return examined.report.note("clock", "the answer has no date to compare");
    };
    let ours = SystemTime::now();
    // A date has whole seconds.
    let apart = ours.duration_since(theirs).or_else(|_| theirs.duration_since(ours)).unwrap_or_default();
    if apart <= CLOCK {
        return examined.report.ok("clock", "as here");
    }
    let way = if theirs > ours { "ahead of" } else { "behind" };
    examined.report.warn(
        "clock",
        format_args!("the server's is {} s {way} this machine's", apart.as_secs()),
        "have both set by NTP: when credentials and sessions expire goes by the server's",
    )
}

pub(super) fn encryption(examined: &mut Examined) -> io::Result<()> {
    let address = &examined.door.address;
    if address.is_secure {
        return examined.report.ok("encryption", "TLS, with a certificate that this machine trusts");
    }
    if address.is_loopback() {
        return examined.report.note("encryption", "none, on this machine alone");
    }
    examined.report.warn(
        "encryption",
        "none: everybody on the way reads along, and a page of https: may not connect",
        "end TLS in a proxy or in the server, and connect with wss:",
    )
}
