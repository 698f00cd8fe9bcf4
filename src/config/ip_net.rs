//! An address or a range of addresses: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of IP addresses in CIDR form; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNet {
    address: IpAddr,
    prefix: u8,
}

/// The text is no address and no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an address or a range such as 10.0.0.0/8")]
pub struct NotAnIpNet;

impl IpNet {
    /// Whether the address is in the range. An IPv4 address mapped into IPv6 counts as itself,
    /// because a dual-stack listener reports its IPv4 peers in that form.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (width, net) = bits(self.address);
        let (other_width, other) = bits(address.to_canonical());
        let shift = width - u32::from(self.prefix);
        width == other_width && net.checked_shr(shift) == other.checked_shr(shift)
    }
}

fn bits(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(v4) => (32, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (128, v6.to_bits()),
    }
}

impl FromStr for IpNet {
    type Err = NotAnIpNet;

    fn from_str(text: &str) -> Result<Self, NotAnIpNet> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotAnIpNet)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NotAnIpNet)?
            }
            Some(_) => return Err(NotAnIpNet),
            None => width,
        };
        if prefix > width {
            return Err(NotAnIpNet);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for IpNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(net: &str, address: &str) -> bool {
        let net: IpNet = net.parse().unwrap();
        net.contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_other() {
        assert!(holds("10.0.0.0/8", "10.255.1.2"));
        assert!(!holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.0.0.7", "10.0.0.7"));
        assert!(!holds("10.0.0.7", "10.0.0.6"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(!holds("fd00::/8", "fe00::1"));
    }

    #[test]
    fn everything_is_in_the_range_of_prefix_zero_of_its_family() {
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn a_mapped_address_counts_as_ipv4() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "ten",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0/8",
        ] {
            assert_eq!(text.parse::<IpNet>(), Err(NotAnIpNet), "{text}");
        }
    }
}
