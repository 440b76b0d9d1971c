//! Reads the values of arguments whose own parsers do not say what to write instead.

use ipnet::IpNet;
use std::net::SocketAddr;
use std::time::Duration;

/// Where to listen: an address and a port, no name, because a name may stand for several addresses.
///
/// # Errors
/// What to write.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write an IP address and a port, such as 127.0.0.1:3128, 0.0.0.0:3128 or [::1]:3128")
}

/// A network in CIDR notation (RFC 4632).
///
/// # Errors
/// What to write.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    text.parse().map_err(|_| "write a network in CIDR notation, such as 10.20.0.0/16 or fd00:20::/32")
}

/// A whole number of seconds.
///
/// # Errors
/// What to write.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let whole: u32 = text.parse().map_err(|_| "write a whole number of seconds, such as 30")?;
    Ok(Duration::from_secs(whole.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_answered_with_what_to_write() {
        for (said, example) in [
            (address("localhost:3128").err(), "127.0.0.1:3128"),
            (address("127.0.0.1").err(), "127.0.0.1:3128"),
            (network("10.20.0.1").err(), "10.20.0.0/16"),
            (seconds("1m").err(), "30"),
            (seconds("-1").err(), "30"),
        ] {
            assert!(said.is_some_and(|said| said.contains(example)), "{said:?}");
        }
        assert_eq!(seconds("20"), Ok(Duration::from_secs(20)));
        assert!(address("[::1]:0").is_ok() && network("fd00::/8").is_ok());
    }
}
