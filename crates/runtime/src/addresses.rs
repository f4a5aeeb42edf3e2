//! How many connections there are from each address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// The connections of each address that has any.
#[derive(Default)]
pub(crate) struct Addresses {
    connections: Mutex<HashMap<Address, usize>>,
}

/// One of an address's connections. Dropping it gives it back.
pub(crate) struct OfAddress {
    addresses: Arc<Addresses>,
    address: Address,
}

/// What counts as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Address {
    V4(Ipv4Addr),
    /// The first 64 bits: whoever has one address has all that begin so.
    V6([u16; 4]),
}

impl Addresses {
    /// Counts one more, unless there are as many as may be.
    pub(crate) fn one_more(self: &Arc<Self>, ip: IpAddr, limit: usize) -> Option<OfAddress> {
        let address = Address::of(ip);
        let mut connections = lock(&self.connections);
        let count = connections.entry(address).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(OfAddress { addresses: Arc::clone(self), address })
    }
}

impl Address {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        // Only those that have a connection are kept, so there are never more of them than connections.
        if let Entry::Occupied(mut count) = lock(&self.addresses.connections).entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_counts_as_one_address() {
        let addresses = Arc::new(Addresses::default());
        for (first, second, is_one) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::2", true),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let _first = addresses.one_more(ip(first), 1).unwrap();
            assert_eq!(addresses.one_more(ip(second), 1).is_none(), is_one, "{first} and {second}");
        }
    }

    #[test]
    fn what_is_given_back_may_be_had_again_and_nothing_is_kept() {
        let addresses = Arc::new(Addresses::default());
        let (a, b) = (addresses.one_more(ip("192.0.2.1"), 2), addresses.one_more(ip("192.0.2.1"), 2));
        assert!(a.is_some() && b.is_some() && addresses.one_more(ip("192.0.2.1"), 2).is_none());
        drop(a);
        let c = addresses.one_more(ip("192.0.2.1"), 2);
        assert!(c.is_some() && addresses.one_more(ip("192.0.2.1"), 2).is_none());
        drop((b, c));
        assert!(lock(&addresses.connections).is_empty());
    }

    #[test]
    fn of_many_who_come_at_once_no_more_get_in_than_may() {
        let (addresses, together) = (Arc::new(Addresses::default()), Arc::new(Barrier::new(8)));
        let threads = (0..8).map(|_| {
            let (addresses, together) = (Arc::clone(&addresses), Arc::clone(&together));
            std::thread::spawn(move || {
                together.wait();
                (0..100).filter_map(|_| addresses.one_more(ip("192.0.2.1"), 50)).collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = threads.collect();
        let let_in: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(let_in.iter().map(Vec::len).sum::<usize>(), 50);
        drop(let_in);
        assert!(lock(&addresses.connections).is_empty());
    }
}
