//! The PROXY protocol, versions 1 and 2: a proxy that passes bytes on, and knows nothing of HTTP, says before the first of them
//! whose they are.

use std::io;
use std::net::SocketAddr;

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// `PROXY UNKNOWN\r\n`; the binary version has 16 at least. So many can be read without reading what follows.
const SHORTEST: usize = 15;
/// Of version 1, as its specification has it.
const LONGEST_TEXT: usize = 107;
/// Of version 2. What proxies say besides the addresses (a TLS session, an endpoint's id) fits many times.
const LONGEST_BINARY: usize = 4 << 10;
/// How version 2 begins.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Why nobody knows whose connection it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproxied {
    #[error("its peer is none of the proxies that may connect")]
    NoProxy,
    #[error("it does not begin with a PROXY header")]
    NoHeader,
    #[error("its PROXY header is longer than may be")]
    TooLong,
    #[error("its PROXY header is malformed")]
    Malformed,
    #[error("it ended in its PROXY header: {0}")]
    Ended(#[from] io::Error),
}

/// Reads the header, and not a byte more. Whose connection it is: the proxy's own where the header says so, as for a check of
/// its health, and where it names nobody.
pub(super) async fn client(stream: &mut (impl AsyncRead + Unpin), proxy: SocketAddr) -> Result<SocketAddr, Unproxied> {
    let mut header = vec![0; SHORTEST];
    stream.read_exact(&mut header).await?;
    if header.starts_with(b"PROXY") {
        read_text(stream, &mut header).await?;
    } else if header.starts_with(BINARY) {
        read_binary(stream, &mut header).await?;
    } else {
        return Err(Unproxied::NoHeader);
    }
    let (parsed, length) = ProxyHeader::parse(&header, ParseConfig::default()).map_err(|_| Unproxied::Malformed)?;
    match parsed.proxied_address() {
        _ if length != header.len() => Err(Unproxied::Malformed),
        Some(address) if address.protocol != Protocol::Stream => Err(Unproxied::Malformed),
        Some(address) => Ok(address.source),
        None => Ok(proxy),
    }
}

async fn read_text(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> Result<(), Unproxied> {
    while !header.ends_with(b"\r\n") {
        if header.len() >= LONGEST_TEXT {
            return Err(Unproxied::TooLong);
        }
        header.push(stream.read_u8().await?);
    }
    Ok(())
}

async fn read_binary(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> Result<(), Unproxied> {
    header.push(stream.read_u8().await?);
    let rest = match header[..] {
        [.., high, low] => usize::from(u16::from_be_bytes([high, low])),
        _ => return Err(Unproxied::Malformed),
    };
    let begins = header.len();
    if begins + rest > LONGEST_BINARY {
        return Err(Unproxied::TooLong);
    }
    header.resize(begins + rest, 0);
    stream.read_exact(&mut header[begins..]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proxy_header::ProxiedAddress;

    use super::*;

    const PROXY: &str = "10.0.0.7:4711";
    const BEHIND: &[u8] = b"GET / HTTP/1.1\r\n";

    /// Whose it is, or what is wrong, and what is left to be read.
    fn read(bytes: &[u8]) -> (Result<String, String>, Vec<u8>) {
        let mut rest = bytes;
        let found = futures_util::FutureExt::now_or_never(client(&mut rest, PROXY.parse().unwrap()));
        let found = found.expect("bytes in memory are there");
        (found.map(|address| address.to_string()).map_err(|error| error.to_string()), rest.to_vec())
    }

    fn binary(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [BINARY, &[command, family], &length, addresses, BEHIND].concat()
    }

    #[test]
    fn what_a_header_says() {
        let ipv4 = [192, 0, 2, 1, 10, 0, 0, 7, 0x12, 0x67, 0, 80];
        let with_more = [&ipv4[..], &[4, 0, 3, 1, 2, 3]].concat();
        let mut ipv6 = [0; 36];
        ipv6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        ipv6[15] = 1;
        ipv6[33] = 80;
        for (bytes, client) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.7 4711 80\r\n".to_vec(), "192.0.2.1:4711"),
            (b"PROXY TCP6 2001:db8::1 2001:db8::7 80 80\r\n".to_vec(), "[2001:db8::1]:80"),
            (b"PROXY UNKNOWN\r\n".to_vec(), PROXY),
            (b"PROXY UNKNOWN 1.1.1.1 2.2.2.2 1 2\r\n".to_vec(), PROXY),
            (binary(0x21, 0x11, &ipv4), "192.0.2.1:4711"),
            (binary(0x21, 0x11, &with_more), "192.0.2.1:4711"),
            (binary(0x21, 0x21, &ipv6), "[2001:db8::1]:80"),
            // The proxy's own connections, of which the addresses are to be ignored.
            (binary(0x20, 0x00, &[]), PROXY),
            (binary(0x20, 0x11, &ipv4), PROXY),
            (binary(0x21, 0x00, &[]), PROXY),
        ] {
            let bytes = if bytes.starts_with(b"PROXY") { [&bytes, BEHIND].concat() } else { bytes };
            assert_eq!(read(&bytes), (Ok(client.to_owned()), BEHIND.to_vec()), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_header_is_none() {
        let ipv4 = [192, 0, 2, 1, 10, 0, 0, 7, 0x12, 0x67, 0, 80];
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_TEXT));
        for bytes in [
            BEHIND.to_vec(),
            b"proxy tcp4 192.0.2.1 10.0.0.7 4711 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.7 4711\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::1 2001:db8::7 80 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.7 4711 99999\r\n".to_vec(),
            b"PROXY TCP5 192.0.2.1 10.0.0.7 4711 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.7 4711 80".to_vec(),
            long.into_bytes(),
            binary(0x31, 0x11, &ipv4),
            binary(0x22, 0x11, &ipv4),
            binary(0x21, 0x12, &ipv4),
            binary(0x21, 0x11, &ipv4[..11]),
            binary(0x21, 0x11, &[0; LONGEST_BINARY]),
            binary(0x21, 0x11, &ipv4)[..20].to_vec(),
        ] {
            assert!(read(&bytes).0.is_err(), "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            begin in prop::sample::select(vec![&b""[..], b"PROXY ", b"PROXY TCP4 ", BINARY, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"]),
        ) {
            let _any = read(&[begin, &bytes].concat());
        }

        #[test]
        fn what_is_written_is_read(source in any::<SocketAddr>(), is_binary in any::<bool>()) {
            let destination = if source.is_ipv4() { "10.0.0.7:80" } else { "[2001:db8::7]:80" };
            let header = ProxyHeader::with_address(ProxiedAddress::stream(source, destination.parse().unwrap()));
            let mut written = vec![0; LONGEST_BINARY];
            let length = if is_binary {
                header.encode_to_slice_v2(&mut written)
            } else {
                header.encode_to_slice_v1(&mut written)
            };
            let bytes = [&written[..length.unwrap()], BEHIND].concat();
            // A scope and a flow label are not said.
            let said = SocketAddr::new(source.ip(), source.port());
            prop_assert_eq!(read(&bytes), (Ok(said.to_string()), BEHIND.to_vec()));
        }
    }
}
