//! Which addresses are on the public Internet, and what the others are.
//!
//! The list is IANA's special-purpose registries read strictly: what is not plainly global unicast is something
//! else. `std`'s `is_global` is unstable, and it calls addresses global that reach a cloud's metadata service.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address this is, as far as calling it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Globally reachable unicast: may be called.
    Public,
    /// This machine: `127.0.0.0/8`, `::1`.
    Loopback,
    /// Private networks: RFC 1918, `fc00::/7`, the old site-local `fec0::/10`.
    Private,
    /// Carrier-grade NAT, `100.64.0.0/10` (RFC 6598).
    Shared,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// A cloud's instance metadata or wire server. Credentials live there.
    Metadata,
    /// IPv6 that carries an IPv4 address: mapped, compatible, NAT64, 6to4, Teredo.
    Translated,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `0.0.0.0/8`, `::`, which some systems treat as this machine.
    Unspecified,
    /// Broadcast, documentation, benchmarking and everything not assigned for use.
    Reserved,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressClass::Public => "public",
            AddressClass::Loopback => "loopback",
            AddressClass::Private => "private",
            AddressClass::Shared => "shared (carrier-grade NAT)",
            AddressClass::LinkLocal => "link-local",
            AddressClass::Metadata => "cloud metadata",
            AddressClass::Translated => "translated IPv4",
            AddressClass::Multicast => "multicast",
            AddressClass::Unspecified => "unspecified",
            AddressClass::Reserved => "reserved",
        })
    }
}

/// Classifies one address.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

/// The IPv4 address inside a [`AddressClass::Translated`] one, where its place is fixed.
pub fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        (0, 0) if (c, d) == (0, 0) && (e, f) != (0, 0) => Some(join(g, h)), // ::ffff:0:0/96 and ::ffff:0:0:0/96
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0) => Some(join(g, h)),         // ::/96
        (0x64, 0xff9b) => Some(join(g, h)),                                 // NAT64
        (0x2002, _) => Some(join(b, c)),                                    // 6to4
        _ => None,
    }
}

fn classify_v4(v4: Ipv4Addr) -> AddressClass {
    let [a, b, c, d] = v4.octets();
    match (a, b, c, d) {
        // AWS, Google, Azure and most others; ECS tasks and EKS pods; Azure's wire server (a public address);
        // Alibaba; Oracle.
        (169, 254, 169, 254) | (169, 254, 170, 2 | 23) | (168, 63, 129, 16) => {
            AddressClass::Metadata
        }
        (100, 100, 100, 200) | (192, 0, 0, 192) => AddressClass::Metadata,
        (0, ..) => AddressClass::Unspecified,
        (127, ..) => AddressClass::Loopback,
        (10, ..) | (192, 168, ..) => AddressClass::Private,
        (172, 16..=31, ..) => AddressClass::Private,
        (100, 64..=127, ..) => AddressClass::Shared,
        (169, 254, ..) => AddressClass::LinkLocal,
        (224..=239, ..) => AddressClass::Multicast,
        (192, 0, 0, _) | (192, 0, 2, _) | (192, 88, 99, _) => AddressClass::Reserved,
        (198, 18 | 19, ..) | (198, 51, 100, _) | (203, 0, 113, _) => AddressClass::Reserved,
        (240..=255, ..) => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn classify_v6(v6: Ipv6Addr) -> AddressClass {
    const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    const AWS_EKS_PODS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);
    const GOOGLE_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

    if v6.is_unspecified() {
        return AddressClass::Unspecified;
    }
    if v6.is_loopback() {
        return AddressClass::Loopback;
    }
    if [AWS_METADATA, AWS_EKS_PODS, GOOGLE_METADATA].contains(&v6) {
        return AddressClass::Metadata;
    }
    let [a, b, ..] = v6.segments();
    match (a, b) {
        (0xff00..=0xffff, _) => AddressClass::Multicast,
        (0xfe80..=0xfebf, _) => AddressClass::LinkLocal,
        (0xfec0..=0xfeff, _) | (0xfc00..=0xfdff, _) => AddressClass::Private,
        (0, 0) | (0x64, 0xff9b) | (0x2002, _) | (0x2001, 0) => AddressClass::Translated,
        // IETF protocol assignments 2001::/23 and documentation 2001:db8::/32, 3fff::/20.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => AddressClass::Reserved,
        (0x2000..=0x3fff, _) => AddressClass::Public,
        _ => AddressClass::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(address: &str) -> AddressClass {
        classify(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "192.167.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::5e",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(class(address), AddressClass::Public, "{address}");
        }
    }

    #[test]
    fn each_special_range_has_its_class_at_both_ends() {
        use AddressClass::*;
        for (address, expected) in [
            ("0.0.0.0", Unspecified),
            ("0.255.255.255", Unspecified),
            ("::", Unspecified),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("::1", Loopback),
            ("10.0.0.1", Private),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("192.168.255.255", Private),
            ("fc00::1", Private),
            ("fdff::1", Private),
            ("fec0::1", Private),
            ("100.64.0.0", Shared),
            ("100.127.255.255", Shared),
            ("169.254.0.1", LinkLocal),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("168.63.129.16", Metadata),
            ("100.100.100.200", Metadata),
            ("192.0.0.192", Metadata),
            ("fd00:ec2::254", Metadata),
            ("fd20:ce::254", Metadata),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("ff02::1", Multicast),
            ("::ffff:8.8.8.8", Translated),
            ("::ffff:127.0.0.1", Translated),
            ("::ffff:0:10.0.0.1", Translated),
            ("::8.8.8.8", Translated),
            ("64:ff9b::10.0.0.1", Translated),
            ("64:ff9b:1::10.0.0.1", Translated),
            ("2002:7f00:1::", Translated),
            ("2001:0:4136:e378::1", Translated),
            ("192.0.2.1", Reserved),
            ("198.18.0.1", Reserved),
            ("198.51.100.1", Reserved),
            ("203.0.113.1", Reserved),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("2001:db8::1", Reserved),
            ("2001:20::1", Reserved),
            ("3fff::1", Reserved),
            ("100::1", Reserved),
            ("4000::1", Reserved),
        ] {
            assert_eq!(class(address), expected, "{address}");
        }
    }

    #[test]
    fn the_address_inside_a_translated_one_is_found() {
        for address in [
            "::ffff:10.1.2.3",
            "::ffff:0:10.1.2.3",
            "::10.1.2.3",
            "64:ff9b::10.1.2.3",
            "2002:a01:203::",
        ] {
            assert_eq!(
                embedded_v4(address.parse().unwrap()),
                Some(Ipv4Addr::new(10, 1, 2, 3)),
                "{address}"
            );
        }
        assert_eq!(embedded_v4("2001:0:4136:e378::1".parse().unwrap()), None);
    }
}
