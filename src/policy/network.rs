//! Addresses of `IpAddress` conditions, compared as parsed numbers and never as text.

use std::net::IpAddr;

/// An address with a prefix length; a bare address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `address` or `address/prefix`, IPv4 or IPv6.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            // `u32` would take a sign as well.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= longest)?
            }
            Some(_) => return None,
        };
        Some(Self { address, prefix })
    }

    /// Whether the text is an address of this network. The families never match each other; host
    /// bits are ignored.
    pub(super) fn contains(&self, text: &str) -> bool {
        let differing = match (self.address, text.parse()) {
            (IpAddr::V4(mine), Ok(IpAddr::V4(theirs))) => (mine.to_bits() ^ theirs.to_bits())
                .checked_shr(32 - self.prefix)
                .map(u128::from),
            (IpAddr::V6(mine), Ok(IpAddr::V6(theirs))) => {
                (mine.to_bits() ^ theirs.to_bits()).checked_shr(128 - self.prefix)
            }
            _ => return false,
        };
        // Shifting by the whole width is `None`: a prefix of 0, the whole family.
        differing.unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses() {
        for (network, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.77/24", "203.0.113.1", "203.0.112.255"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("2001:db8::/33", "2001:0DB8:0000::1", "2001:db8:8000::1"),
            ("2001:db8::1", "2001:db8:0:0:0:0:0:1", "2001:db8::2"),
            ("128.0.0.0/1", "200.1.1.1", "127.255.255.255"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.contains(inside), "{inside}");
            assert!(!network.contains(outside), "{outside}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_in_no_network() {
        let all = Network::parse("0.0.0.0/0").unwrap();
        for text in [
            "",
            "10.0.0",
            "010.0.0.1",
            "10.0.0.1/32",
            "10.0.0.256",
            "host",
            " 10.0.0.1",
        ] {
            assert!(!all.contains(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_network_is_none() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "::/129",
            "10.0/8",
            "*",
            "10.*",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
