//! The two ways of speaking on one wire.

/// What a connection speaks, settled once by the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// No sub-protocol: what a hono-preact client speaks.
    Plain,
    /// `roomful.v1`: plain, and what plain cannot do (batches, acknowledgements, errors, liveness).
    V1,
}

impl Dialect {
    /// The sub-protocol that asks for [`Dialect::V1`].
    pub const V1_SUBPROTOCOL: &'static str = "roomful.v1";

    /// Chooses by the client's `Sec-WebSocket-Protocol` headers: v1 wherever it is offered.
    ///
    /// ```
    /// use roomful_core::Dialect;
    ///
    /// assert_eq!(Dialect::choose(["chat, roomful.v1"]), Dialect::V1);
    /// assert_eq!(Dialect::choose(["chat"]), Dialect::Plain);
    /// ```
    pub fn choose<'a>(offers: impl IntoIterator<Item = &'a str>) -> Self {
        let offered =
            offers.into_iter().flat_map(|offer| offer.split(',')).any(|name| name.trim() == Self::V1_SUBPROTOCOL);
        if offered { Self::V1 } else { Self::Plain }
    }

    /// The sub-protocol to answer the handshake with.
    #[must_use]
    pub fn subprotocol(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::V1 => Some(Self::V1_SUBPROTOCOL),
        }
    }
}
