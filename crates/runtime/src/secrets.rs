//! What of an address may be printed. Credentials are in its query, in its fragment, and in front of its host.

/// An address up to its `?` or `#`, without a name and a password before the host.
#[must_use]
pub fn without_secrets(address: &str) -> String {
    let (shown, is_cut) = match address.find(['?', '#']) {
        Some(at) => (address.get(..at).unwrap_or_default(), true),
        None => (address, false),
    };
    let (scheme, rest) = match shown.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), shown),
    };
    let host_ends = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_ends);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => authority.to_owned(),
    };
    let end = if is_cut { "?…" } else { "" };
    format!("{scheme}{authority}{path}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_secret_is_left_out() {
        for (address, shown) in [
            ("/login", "/login"),
            ("/login?token=secret", "/login?…"),
            ("/login#secret", "/login?…"),
            ("/login#secret?secret", "/login?…"),
            ("https://app.example", "https://app.example"),
            ("https://user:secret@app.example:8443/x@y", "https://…@app.example:8443/x@y"),
            ("wss://user:secret@app.example?secret@x", "wss://…@app.example?…"),
            ("user:secret@app.example", "…@app.example"),
            ("https://a@secret@b/", "https://…@b/"),
            ("?secret", "?…"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(address), shown, "{address}");
        }
    }
}
