//! Where a request wants to go: parsed, normalised and refused once, at the border.
//!
//! One grammar for what clients and policies write: letters, digits and hyphens (RFC 1123 §2.1), at
//! least two labels. Nothing is decoded, mapped or repaired, because what two parsers repair
//! differently is a way out.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};
use std::net::Ipv6Addr;
use std::sync::Arc;

/// The one port that is ever connected to.
pub const HTTPS: u16 = 443;

/// The longest host name, in bytes without a trailing dot (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;
/// The longest label, in bytes (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// A host name in its one canonical form: lower-case LDH labels, no trailing dot, never an address.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// Parses a host name as a client or a policy writes it. Upper case is folded; see [`Host::as_str`].
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        parse_name(text).map_err(NotAHost::why)
    }

    /// The canonical name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the authority of a CONNECT: exactly `host:443` (RFC 9110 §9.3.6).
///
/// # Errors
/// `malformed_authority` for what is no `host:port`, `port_not_allowed` for another port,
/// `destination_not_allowed` for an address in any spelling.
pub fn connect_authority(authority: &[u8]) -> Result<Host, Refusal> {
    let malformed =
        |why: &str| Refusal::new(Code::MalformedAuthority, format!("{why}; CONNECT takes exactly host:443"));
    if is_ipv6(authority) {
        return Err(address_refusal());
    }
    let Some((name, port)) = split_port(authority) else {
        return Err(malformed("the target has no port"));
    };
    let host = parse_name(name).map_err(|not| match not {
        NotAHost::Address => address_refusal(),
        NotAHost::Malformed(why) => malformed(why),
    })?;
    match parse_port(port) {
        Some(HTTPS) => Ok(host),
        Some(_) => Err(Refusal::new(
            Code::PortNotAllowed,
            "only port 443 is connected to; CONNECT takes exactly host:443",
        )),
        None => {
            Err(malformed("the port is not a decimal number from 0 to 65535 without sign or leading zero"))
        }
    }
}

/// Parses a Host field inside the tunnel: `host` or `host:443` (RFC 9110 §7.2). White space around
/// the value is the caller's to take off.
///
/// # Errors
/// `malformed_host` for anything else.
pub fn host_field(value: &[u8]) -> Result<Host, Refusal> {
    let malformed =
        |why: &str| Refusal::new(Code::MalformedHost, format!("{why}; Host takes exactly host or host:443"));
    if is_ipv6(value) {
        return Err(malformed(NotAHost::Address.why()));
    }
    let (name, port) = split_port(value).map_or((value, None), |(name, port)| (name, Some(port)));
    let host = parse_name(name).map_err(|not| malformed(not.why()))?;
    match port.map(parse_port) {
        None | Some(Some(HTTPS)) => Ok(host),
        Some(_) => Err(malformed("the port is not 443")),
    }
}

/// Why a text is no host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotAHost {
    /// It is an address, or something that a lenient parser takes for one.
    Address,
    /// It is not in the grammar.
    Malformed(&'static str),
}

impl NotAHost {
    fn why(self) -> &'static str {
        match self {
            Self::Address => "an address stands where a host name belongs",
            Self::Malformed(why) => why,
        }
    }
}

fn parse_name(text: &[u8]) -> Result<Host, NotAHost> {
    use NotAHost::{Address, Malformed};
    if is_ipv6(text) || ends_in_a_number(text) {
        return Err(Address);
    }
    if text.is_empty() {
        return Err(Malformed("the host name is empty"));
    }
    if text.len() > LONGEST_NAME {
        return Err(Malformed("the host name is longer than 253 bytes"));
    }
    if !text.is_ascii() {
        return Err(Malformed("the host name is not ASCII"));
    }
    if text.ends_with(b".") {
        return Err(Malformed("the host name ends with a dot"));
    }
    for label in text.split(|&b| b == b'.') {
        check_label(label).map_err(Malformed)?;
    }
    if !text.contains(&b'.') {
        return Err(Malformed("the host name is a single label"));
    }
    let canonical: String = text.iter().map(|b| char::from(b.to_ascii_lowercase())).collect();
    Ok(Host(canonical.into()))
}

fn check_label(label: &[u8]) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("the host name has an empty label");
    }
    if label.len() > LONGEST_LABEL {
        return Err("the host name has a label longer than 63 bytes");
    }
    if !label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') {
        return Err("the host name has a character other than a letter, a digit, a hyphen or a dot");
    }
    // What an A-label decodes to is IDNA's to say, and IDNA libraries disagree (RUSTSEC-2024-0421).
    if label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"xn--")) {
        return Err("the host name has an internationalised label (xn--)");
    }
    if label.starts_with(b"-") || label.ends_with(b"-") {
        return Err("the host name has a label that starts or ends with a hyphen");
    }
    Ok(())
}

/// Whether `inet_aton` or a browser would read an IPv4 address here (WHATWG URL, "ends in a number"):
/// `127.0.0.1`, `127.1`, `0177.0.0.1`, `2130706433`, `0x7f000001`. No top-level domain is a number.
fn ends_in_a_number(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    let last = text.rsplit(|&b| b == b'.').next().unwrap_or(text);
    let hex = last.strip_prefix(b"0x").or_else(|| last.strip_prefix(b"0X"));
    hex.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        || (!last.is_empty() && last.iter().all(u8::is_ascii_digit))
}

/// Whether this is an IPv6 address, with or without brackets, zone and (in brackets) port.
fn is_ipv6(text: &[u8]) -> bool {
    let inner = match text.strip_prefix(b"[") {
        Some(rest) => rest.split(|&b| b == b']').next().unwrap_or(rest),
        None => text,
    };
    let address = inner.split(|&b| b == b'%').next().unwrap_or(inner);
    std::str::from_utf8(address).is_ok_and(|a| a.parse::<Ipv6Addr>().is_ok())
}

/// Splits at the last colon: an earlier one then stands in the name, where the grammar has none.
fn split_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().rposition(|&b| b == b':')?;
    Some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// A port as RFC 3986 has it, but in its shortest form only: `str::parse` alone would take `+443`.
fn parse_port(text: &[u8]) -> Option<u16> {
    let plain = text.iter().all(u8::is_ascii_digit) && (text == b"0" || !text.starts_with(b"0"));
    if plain { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

fn address_refusal() -> Refusal {
    Refusal::new(
        Code::DestinationNotAllowed,
        format!("{}; CONNECT takes exactly host:443 with the name of a host", NotAHost::Address.why()),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

    use super::*;
    use proptest::prelude::*;

    const BEACON: &str = "beacon.langchain.com";

    fn malformed_authority(authority: &[u8], why: &str) {
        let refusal = connect_authority(authority).unwrap_err();
        assert_eq!(refusal.code, Code::MalformedAuthority, "{}", authority.escape_ascii());
        assert!(refusal.detail.contains(why), "{}: {}", authority.escape_ascii(), refusal.detail);
    }

    #[test]
    fn r01_a_lookalike_is_another_host() {
        let beacon = Host::parse(BEACON.as_bytes()).unwrap();
        for other in [
            "beacon.langchain.com.evil.tld",
            "evilbeacon.langchain.com",
            "x.beacon.langchain.com",
            "beacon-langchain.com",
            "beacon.langchain.co",
            "beac0n.langchain.com",
            "langchain.com",
        ] {
            assert_ne!(Host::parse(other.as_bytes()).unwrap(), beacon, "{other}");
        }
        for pattern in ["*.langchain.com", "beacon.*.com", "?eacon.langchain.com"] {
            assert!(Host::parse(pattern.as_bytes()).unwrap_err().contains("a character other than"));
        }
    }

    #[test]
    fn r02_case_is_folded_once_and_dots_are_refused() {
        for spelling in ["beacon.langchain.com:443", "BEACON.LangChain.COM:443"] {
            assert_eq!(connect_authority(spelling.as_bytes()).unwrap().as_str(), BEACON);
        }
        malformed_authority(b"beacon.langchain.com.:443", "ends with a dot");
        malformed_authority(b"beacon.langchain.com..:443", "ends with a dot");
        malformed_authority(b"beacon..langchain.com:443", "an empty label");
        malformed_authority(b".beacon.langchain.com:443", "an empty label");
        malformed_authority(b".:443", "ends with a dot");
        malformed_authority(b"beacon:443", "a single label");
        malformed_authority(b":443", "is empty");
    }

    #[test]
    fn r03_the_authority_has_a_strict_grammar() {
        for bad in [
            "[beacon.langchain.com]:443",
            "[[beacon.langchain.com]]:443",
            "user@beacon.langchain.com:443",
            "user:secret@beacon.langchain.com:443",
            "%62eacon.langchain.com:443",
            "beacon.langchain.com%00:443",
            "beacon.langchain.com\0.evil.com:443",
            "beacon.langchain.com\r\n.evil.com:443",
            "beacon.langchain.com\n:443",
            " beacon.langchain.com:443",
            "beacon.langchain.com :443",
            "beacon.lang\tchain.com:443",
            "evil.com\\beacon.langchain.com:443",
            "evil.com#beacon.langchain.com:443",
            "evil.com?beacon.langchain.com:443",
            "evil.com/beacon.langchain.com:443",
            "https://beacon.langchain.com:443",
            "beacon_x.langchain.com:443",
            "beacon.langchain.com,evil.com:443",
            "beacon.langchain.com:443,evil.com:443",
        ] {
            malformed_authority(bad.as_bytes(), "a character other than");
        }
        for after in ["443 ", " 443", "443\r\n", "443/", "443/path", "443?q", "443#f", "443\0"] {
            malformed_authority(format!("{BEACON}:{after}").as_bytes(), "the port is not a decimal number");
        }
        malformed_authority(b"-beacon.langchain.com:443", "a hyphen");
        malformed_authority(b"beacon-.langchain.com:443", "a hyphen");
        malformed_authority(format!("{}.com:443", "a".repeat(64)).as_bytes(), "longer than 63");
        malformed_authority(format!("{}com:443", "abc.".repeat(63)).as_bytes(), "longer than 253");
        assert!(connect_authority(format!("{}.com:443", "a".repeat(63)).as_bytes()).is_ok());
        assert!(connect_authority(format!("{}c:443", "abc.".repeat(63)).as_bytes()).is_ok());
    }

    #[test]
    fn r04_an_international_name_is_not_mapped() {
        for masked in ["xn--beacon-.langchain.com", "beacon.langchain.com.xn--", "XN--bcon-9ma.langchain.com"]
        {
            malformed_authority(format!("{masked}:443").as_bytes(), "an internationalised label");
        }
        for unicode in [
            "beacon\u{3002}langchain.com",
            "ｂeacon.langchain.com",
            "bea\u{200d}con.langchain.com",
            "be\u{430}con.langchain.com",
            "beacon.langchain.com\u{ff0e}",
            "１２７.0.0.1.com",
        ] {
            malformed_authority(format!("{unicode}:443").as_bytes(), "not ASCII");
        }
        malformed_authority(b"beacon\xff.langchain.com:443", "not ASCII");
    }

    #[test]
    fn r05_an_address_is_refused_in_every_spelling() {
        for address in [
            "127.0.0.1:443",
            "203.0.113.7:443",
            "127.0.0.1.:443",
            "2130706433:443",
            "0x7f000001:443",
            "0X7F.1:443",
            "0x:443",
            "0177.0.0.1:443",
            "127.1:443",
            "256.256.256.256:443",
            "beacon.langchain.com.1:443",
            "[::1]:443",
            "[::1]",
            "[::ffff:127.0.0.1]:443",
            "[fe80::1%25eth0]:443",
            "fe80::1%eth0",
            "[64:ff9b::7f00:1]:443",
            "[2606:4700::1]:443",
            "2606:4700::1:443",
            "::1",
        ] {
            let refusal = connect_authority(address.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, Code::DestinationNotAllowed, "{address}");
            assert!(refusal.detail.contains("an address stands where"), "{address}: {}", refusal.detail);
            let refusal = host_field(address.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, Code::MalformedHost, "{address}");
            assert!(refusal.detail.contains("an address stands where"), "{address}: {}", refusal.detail);
        }
    }

    #[test]
    fn r06_only_port_443_in_its_one_spelling() {
        malformed_authority(b"beacon.langchain.com", "no port");
        for bad in ["", "0443", "00", "65536+443", "+443", "-1", "https", "65536", "0x1bb", "4 43", "443."] {
            malformed_authority(format!("{BEACON}:{bad}").as_bytes(), "the port is not a decimal number");
        }
        malformed_authority(b"beacon.langchain.com:443:443", "a character other than");
        for other in ["80", "0", "8443", "22", "65535"] {
            let refusal = connect_authority(format!("{BEACON}:{other}").as_bytes()).unwrap_err();
            assert_eq!(refusal.code, Code::PortNotAllowed, "{other}");
            assert!(refusal.detail.contains("only port 443"), "{}", refusal.detail);
        }
    }

    #[test]
    fn r29_the_host_field_is_a_host_with_or_without_443() {
        for good in ["beacon.langchain.com", "beacon.langchain.com:443", "Beacon.LangChain.com"] {
            assert_eq!(host_field(good.as_bytes()).unwrap().as_str(), BEACON);
        }
        for (bad, why) in [
            ("", "is empty"),
            ("beacon.langchain.com:", "the port is not 443"),
            ("beacon.langchain.com:80", "the port is not 443"),
            ("beacon.langchain.com:0443", "the port is not 443"),
            ("beacon.langchain.com.", "ends with a dot"),
            ("user@beacon.langchain.com", "a character other than"),
            ("beacon.langchain.com, evil.com", "a character other than"),
            ("beacon.langchain.com evil.com", "a character other than"),
            ("beacon.langchain.com:443:443", "a character other than"),
            ("localhost", "a single label"),
            ("127.0.0.1", "an address stands where"),
        ] {
            let refusal = host_field(bad.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, Code::MalformedHost, "{bad}");
            assert!(refusal.detail.contains(why), "{bad}: {}", refusal.detail);
        }
    }

    /// Texts near the grammar's border, where random bytes seldom come.
    fn near_a_host() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "[a-zA-Z0-9.:%@_x\\[\\] -]{0,40}".prop_map(String::into_bytes),
            "([a-zA-Z0-9]{1,8}\\.){1,3}[a-z]{2,5}(:443)?".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_canonical_and_nothing_panics(text in near_a_host()) {
            let parsed = [
                Host::parse(&text).ok(),
                connect_authority(&text).ok(),
                host_field(&text).ok(),
            ];
            for host in parsed.into_iter().flatten() {
                let name = host.as_str();
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
                prop_assert!(name.parse::<std::net::IpAddr>().is_err());
                prop_assert_eq!(Host::parse(name.as_bytes()).unwrap(), host.clone());
                prop_assert_eq!(connect_authority(format!("{name}:443").as_bytes()).unwrap(), host.clone());
                prop_assert_eq!(host_field(name.as_bytes()).unwrap(), host);
            }
        }
    }
}
