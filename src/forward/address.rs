//! Which resolved addresses may be connected to, and where an operator says to connect instead.
//!
//! A public name that resolves to a private address is either a split horizon, which the operator knows
//! and says, or somebody who wants the gate to speak to what only it can reach.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::{HTTPS, Host};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Which addresses are fine beside the public ones.
#[derive(Debug, Clone, Default)]
pub struct AddressRules {
    allow: Vec<IpNet>,
}

/// An address that may not be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What kind it is of: "loopback", "private", …
    pub class: &'static str,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is not a public address ({})", self.address, self.class)
    }
}

impl AddressRules {
    /// Public addresses, and those of the given networks.
    pub fn allowing(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Judges one address.
    ///
    /// # Errors
    /// The class that it is refused for.
    pub fn vet(&self, address: IpAddr) -> Result<(), &'static str> {
        if self.allow.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        match class(address) {
            None => Ok(()),
            Some(class) => Err(class),
        }
    }

    /// Judges every answer of a name: one bad answer refuses them all, because who can put one among
    /// them can also decide which is tried.
    ///
    /// # Errors
    /// The first that is refused.
    pub fn vet_all(&self, addresses: &[IpAddr]) -> Result<(), Refused> {
        addresses
            .iter()
            .try_for_each(|&address| self.vet(address).map_err(|class| Refused { address, class }))
    }
}

/// What an address is where it is no public one.
fn class(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

/// The special-purpose registries (RFC 6890 and its updates), most telling name first.
fn class_v4(address: Ipv4Addr) -> Option<&'static str> {
    CLASSES_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, class)| *class)
}

fn class_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((_, class)) = CLASSES_V6.iter().find(|(network, _)| network.contains(&address)) {
        return Some(class);
    }
    // What is left must be within global unicast: the registry has no other allocation (RFC 4291 §2.4).
    if GLOBAL_UNICAST.contains(&address) { None } else { Some("reserved") }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(high: [u16; 4], low: [u16; 4], prefix: u8) -> Ipv6Net {
    let address = Ipv6Addr::new(high[0], high[1], high[2], high[3], low[0], low[1], low[2], low[3]);
    Ipv6Net::new_assert(address, prefix)
}

const CLASSES_V4: &[(Ipv4Net, &str)] = &[
    (v4(169, 254, 169, 254, 32), "cloud metadata"),
    (v4(169, 254, 170, 2, 32), "cloud metadata"),
    (v4(100, 100, 100, 200, 32), "cloud metadata"),
    (v4(168, 63, 129, 16, 32), "cloud metadata"),
    (v4(192, 0, 0, 192, 32), "cloud metadata"),
    (v4(0, 0, 0, 0, 32), "unspecified"),
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(192, 0, 0, 0, 24), "protocol assignment"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(192, 31, 196, 0, 24), "protocol assignment"),
    (v4(192, 52, 193, 0, 24), "protocol assignment"),
    (v4(192, 175, 48, 0, 24), "protocol assignment"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

const CLASSES_V6: &[(Ipv6Net, &str)] = &[
    (v6([0xfd00, 0x0ec2, 0, 0], [0, 0, 0, 0x254], 128), "cloud metadata"),
    (v6([0xfd20, 0x00ce, 0, 0], [0, 0, 0, 0x254], 128), "cloud metadata"),
    (v6([0; 4], [0; 4], 128), "unspecified"),
    (v6([0; 4], [0, 0, 0, 1], 128), "loopback"),
    // Forms that carry an IPv4 address are refused as such, whatever it is: no public name has one.
    (v6([0; 4], [0, 0xffff, 0, 0], 96), "IPv4-mapped"),
    (v6([0; 4], [0xffff, 0, 0, 0], 96), "IPv4-translated"),
    (v6([0; 4], [0; 4], 96), "IPv4-compatible"),
    (v6([0x0064, 0xff9b, 0, 0], [0; 4], 96), "NAT64"),
    (v6([0x0064, 0xff9b, 1, 0], [0; 4], 48), "NAT64"),
    (v6([0x2002, 0, 0, 0], [0; 4], 16), "6to4"),
    (v6([0x2001, 0, 0, 0], [0; 4], 32), "Teredo"),
    (v6([0x2001, 2, 0, 0], [0; 4], 48), "benchmarking"),
    (v6([0x2001, 0x0db8, 0, 0], [0; 4], 32), "documentation"),
    (v6([0x3fff, 0, 0, 0], [0; 4], 20), "documentation"),
    (v6([0x2001, 0, 0, 0], [0; 4], 23), "protocol assignment"),
    (v6([0x2620, 0x004f, 0x8000, 0], [0; 4], 48), "protocol assignment"),
    (v6([0x0100, 0, 0, 0], [0; 4], 64), "discard"),
    (v6([0x5f00, 0, 0, 0], [0; 4], 16), "segment routing"),
    (v6([0xfc00, 0, 0, 0], [0; 4], 7), "unique local"),
    (v6([0xfe80, 0, 0, 0], [0; 4], 10), "link-local"),
    (v6([0xfec0, 0, 0, 0], [0; 4], 10), "site-local"),
    (v6([0xff00, 0, 0, 0], [0; 4], 8), "multicast"),
];

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], [0; 4], 3);

/// Where to connect for a host, as curl's `--connect-to` says it. What it names is the operator's word and
/// is not vetted; the certificate must be the host's all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host whose connections go elsewhere.
    pub host: Host,
    /// Where they go.
    pub target: SocketAddr,
}

impl std::str::FromStr for ConnectTo {
    type Err = String;

    /// Parses `HOST:443:ADDR:PORT`; an IPv6 address stands in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{why}; write HOST:443:ADDR:PORT, an IPv6 address in brackets");
        let (host, rest) = text.split_once(':').ok_or_else(|| wrong("there is no colon after the host"))?;
        let host = Host::parse(host.as_bytes()).map_err(&wrong)?;
        let (port, target) =
            rest.split_once(':').ok_or_else(|| wrong("the address to connect to is missing"))?;
        if parse_port(port) != Some(HTTPS) {
            return Err(wrong("the port after the host is not 443, the only one that is connected to"));
        }
        let (address, port) =
            target.rsplit_once(':').ok_or_else(|| wrong("the port to connect to is missing"))?;
        let port = parse_port(port)
            .filter(|&port| port != 0)
            .ok_or_else(|| wrong("the port to connect to is not a number from 1 to 65535"))?;
        let address = parse_address(address)
            .ok_or_else(|| wrong("what to connect to is no address (names are not looked up here)"))?;
        Ok(Self { host, target: SocketAddr::new(address, port) })
    }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn r07_addresses_that_are_not_public_are_refused_by_class() {
        let rules = AddressRules::default();
        for (address, class) in [
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "this network"),
            ("10.0.0.1", "private"),
            ("10.255.255.255", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "carrier-grade NAT"),
            ("100.127.255.255", "carrier-grade NAT"),
            ("100.100.100.200", "cloud metadata"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("169.254.0.1", "link-local"),
            ("169.254.169.254", "cloud metadata"),
            ("192.0.0.8", "protocol assignment"),
            ("192.0.0.192", "cloud metadata"),
            ("192.0.2.1", "documentation"),
            ("198.51.100.1", "documentation"),
            ("203.0.113.1", "documentation"),
            ("192.88.99.1", "6to4 relay"),
            ("198.18.0.1", "benchmarking"),
            ("198.19.255.255", "benchmarking"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "IPv4-mapped"),
            ("::ffff:8.8.8.8", "IPv4-mapped"),
            ("::127.0.0.1", "IPv4-compatible"),
            ("::ffff:0:127.0.0.1", "IPv4-translated"),
            ("64:ff9b::127.0.0.1", "NAT64"),
            ("64:ff9b::8.8.8.8", "NAT64"),
            ("64:ff9b:1::1", "NAT64"),
            ("2002:7f00:1::", "6to4"),
            ("2001::1", "Teredo"),
            ("2001:2::1", "benchmarking"),
            ("2001:10::1", "protocol assignment"),
            ("2001:20::1", "protocol assignment"),
            ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
            ("100::1", "discard"),
            ("5f00::1", "segment routing"),
            ("fc00::1", "unique local"),
            ("fd12:3456::1", "unique local"),
            ("fd00:ec2::254", "cloud metadata"),
            ("fe80::1", "link-local"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("4000::1", "reserved"),
            ("1::1", "reserved"),
        ] {
            assert_eq!(rules.vet(ip(address)), Err(class), "{address}");
        }
    }

    #[test]
    fn r07_public_addresses_pass_up_to_the_border() {
        let rules = AddressRules::default();
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2600:1901::1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert_eq!(rules.vet(ip(address)), Ok(()), "{address}");
        }
    }

    #[test]
    fn r07_one_bad_answer_refuses_the_name() {
        let rules = AddressRules::default();
        let answers = [ip("8.8.8.8"), ip("10.0.0.1"), ip("1.1.1.1")];
        let refused = rules.vet_all(&answers).unwrap_err();
        assert_eq!(refused, Refused { address: ip("10.0.0.1"), class: "private" });
        assert_eq!(refused.to_string(), "10.0.0.1 is not a public address (private)");
        assert_eq!(rules.vet_all(&answers[..1]), Ok(()));
    }

    #[test]
    fn r07_an_allowed_network_is_no_wider_than_it_says() {
        let rules =
            AddressRules::allowing(vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
        assert_eq!(rules.vet(ip("10.1.2.3")), Ok(()));
        assert_eq!(rules.vet(ip("fd00:1::9")), Ok(()));
        assert_eq!(rules.vet(ip("10.2.0.1")), Err("private"));
        assert_eq!(rules.vet(ip("fd00:2::9")), Err("unique local"));
        assert_eq!(rules.vet(ip("::ffff:10.1.2.3")), Err("IPv4-mapped"));
    }

    #[test]
    fn connect_to_is_read_as_curl_writes_it() {
        for (text, target) in [
            ("127.0.0.1:8443", "127.0.0.1:8443"),
            ("[::1]:8443", "[::1]:8443"),
            ("10.0.0.7:443", "10.0.0.7:443"),
        ] {
            let read: ConnectTo = format!("Beacon.langchain.com:443:{text}").parse().unwrap();
            assert_eq!(read.host.as_str(), "beacon.langchain.com");
            assert_eq!(read.target, target.parse().unwrap(), "{text}");
        }
        for (text, why) in [
            ("", "no colon after the host"),
            ("beacon.langchain.com", "no colon after the host"),
            ("::127.0.0.1:1", "the host name is empty"),
            ("127.0.0.1:443:127.0.0.1:1", "an address stands where"),
            ("beacon.langchain.com:443", "the address to connect to is missing"),
            ("beacon.langchain.com:80:127.0.0.1:1", "is not 443"),
            ("beacon.langchain.com::127.0.0.1:1", "is not 443"),
            ("beacon.langchain.com:443:127.0.0.1", "the port to connect to is missing"),
            ("beacon.langchain.com:443:127.0.0.1:0", "from 1 to 65535"),
            ("beacon.langchain.com:443:127.0.0.1:+1", "from 1 to 65535"),
            ("beacon.langchain.com:443:127.0.0.1:", "from 1 to 65535"),
            ("beacon.langchain.com:443::1", "is no address"),
            ("beacon.langchain.com:443:127.1:1", "is no address"),
            ("beacon.langchain.com:443:::1:1", "is no address"),
            ("beacon.langchain.com:443:[127.0.0.1]:1", "is no address"),
            ("beacon.langchain.com:443:stand-in:1", "is no address"),
        ] {
            let error = text.parse::<ConnectTo>().unwrap_err();
            assert!(error.contains(why) && error.contains("write HOST:443:ADDR:PORT"), "{text}: {error}");
        }
    }
}
